import type { Scope } from "@oi/kernel/scope";
import { contentHash } from "../domain/adjustment.ts";
import {
  BreakFound,
  bookProof,
  checkReversal,
  type IntegrityBreak,
  type ProvedBlock,
} from "../domain/book-proof.ts";
import { type Sha256, toHex } from "../domain/canonical-bytes.ts";
import { commandHash } from "../domain/request-hash.ts";
import { bookNotFound } from "./missing.ts";
import type { BookSnapshot, BookSnapshots, IntegrityAlarms, ProvedAdjustment } from "./ports.ts";

export type VerifyStep =
  | { readonly step: "PROGRESS"; readonly checkedSeq: number; readonly lastSeq: number }
  | {
      readonly step: "RESULT";
      readonly transactions: number;
      readonly blocks: number;
      readonly head: Uint8Array;
      readonly firstBreak: IntegrityBreak | null;
    };

export type VerifyBook = (scope: Scope) => AsyncIterable<VerifyStep>;

/**
 * Recomputes a book in one snapshot, block by block, and stops at the first break, which is announced. Posting goes on:
 * to stop facts would lose more. Raises RESOURCE_NOT_FOUND.
 */
export function verifyBook(ports: {
  readonly snapshots: BookSnapshots;
  readonly alarms: IntegrityAlarms;
  readonly sha256: Sha256;
}): VerifyBook {
  return async function* (scope) {
    const snapshot = await ports.snapshots.open(scope);
    if (!snapshot) throw bookNotFound();
    let firstBreak: IntegrityBreak | null = null;
    const { head } = snapshot;
    const id = BigInt(scope.mode === "LIVE" ? scope.applicationId : -scope.applicationId);
    const proof = bookProof(id, head.utcOffsetMinutes, ports.sha256);
    try {
      for await (const block of snapshot.blocks()) {
        proof.add(block);
        await checkReversals(snapshot, block);
        yield { step: "PROGRESS", checkedSeq: proof.lastSeq, lastSeq: head.lastSeq };
      }
      proof.finish(head, await snapshot.accounts());
      for (const one of await snapshot.adjustments()) checkAdjustment(one, ports.sha256);
      firstBreak = await snapshot.firstDrift();
    } catch (error) {
      if (!(error instanceof BreakFound)) throw error;
      firstBreak = error.found;
    } finally {
      await snapshot[Symbol.asyncDispose]();
    }
    if (firstBreak) await ports.alarms.raise(scope, firstBreak);
    const { lastSeq, lastBlock } = proof;
    yield { step: "RESULT", transactions: lastSeq, blocks: lastBlock, head: head.head, firstBreak };
  };
}

/** V9. */
async function checkReversals(snapshot: BookSnapshot, { transactions }: ProvedBlock): Promise<void> {
  for (const transaction of transactions) {
    if (transaction.reversesSeq === 0) continue;
    checkReversal(transaction, await snapshot.provedTransaction(transaction.reversesSeq));
  }
}

/** V14: what was posted under an adjustment's key is what two people agreed on. */
function checkAdjustment(one: ProvedAdjustment, sha256: Sha256): void {
  const { id, posted } = one;
  const hash = contentHash(one.content, sha256);
  same(one, "content", toHex(hash), toHex(one.contentHash));
  if (one.requestHash === null) return;
  same(one, "request", toHex(commandHash(one.kind, id, hash, sha256)), toHex(one.requestHash));
  same(one, "status", "APPROVED", one.status);
  if (posted) same(one, "two people", `${one.maker} ${one.checker}`, `${posted.actor} ${posted.approver}`);
}

function same({ id, posted }: ProvedAdjustment, what: string, expected: string, actual: string): void {
  if (expected === actual) return;
  const place = { blockNo: null, seq: posted?.seq ?? null, leg: null };
  throw new BreakFound({ check: "V14", ...place, subject: `${what} of adjustment:${id}`, expected, actual });
}
