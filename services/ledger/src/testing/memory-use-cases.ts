import { randomBytes } from "node:crypto";
import { Secret } from "@oi/platform/config/env";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { readEvent } from "../adapters/events/read-event.ts";
import type { MemoryLedger } from "../adapters/memory/memory-ledger.ts";
import { nodeSha256, sha256Stream } from "../adapters/node/sha256.ts";
import type { AdjustmentUseCases } from "../adapters/rpc/adjustments-service.ts";
import type { LedgerUseCases } from "../adapters/rpc/ledger-service.ts";
import { useCases } from "../application/use-cases.ts";
import { RECORDED_AT } from "./facts.ts";

/** What the doors mount, over a ledger in memory. Only a real database has snapshots to prove. */
export function memoryUseCases(ledger: MemoryLedger): LedgerUseCases & AdjustmentUseCases {
  const ports = {
    ...ledger,
    snapshots: { open: async () => null },
    alarms: { raise: async () => {} },
    sha256: nodeSha256,
    now: () => RECORDED_AT,
    read: (event: Parameters<typeof readEvent>[0]) => readEvent(event, nodeSha256),
  };
  const key = new Secret(randomBytes(32).toString("base64url"));
  return { ...ports, ...useCases(ports), hashStream: sha256Stream, pageTokens: pageTokens(key) };
}
