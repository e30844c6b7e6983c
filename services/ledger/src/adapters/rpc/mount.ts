import { type MountedService, mountService } from "@oi/platform/rpc/service";
import type { Logger } from "@oi/platform/telemetry/logger";
import { AdjustmentsService } from "@oi/proto/ledger/v1/adjustments_service";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { type AdjustmentUseCases, adjustmentsService } from "./adjustments-service.ts";
import { type LedgerUseCases, ledgerService } from "./ledger-service.ts";

/** Everything that the ledger answers, ready for both doors. */
export function mountLedger(useCases: LedgerUseCases & AdjustmentUseCases, log: Logger): MountedService[] {
  return [
    mountService(LedgerService, ledgerService(useCases), log),
    mountService(AdjustmentsService, adjustmentsService(useCases), log),
  ];
}
