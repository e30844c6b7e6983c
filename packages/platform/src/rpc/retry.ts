import { setTimeout as sleep } from "node:timers/promises";
import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "@oi/proto/google/rpc/error_details";

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 50;
/** Whoever is asked to wait longer is told so: it knows better than we whether that is worth it. */
const LONGEST_PAUSE_MS = 500;

/** Calls that change nothing, by the names that the contracts give them. */
const READ = /^(Get|List|Authenticate)[A-Z]/;

function fieldsOf(message: Message): Readonly<Record<string, unknown>> {
  return message as Message & Record<string, unknown>;
}

/** A key makes a repeat harmless; of a batch every item has to have one. */
function isKeyed(schema: DescMessage, message: Message): boolean {
  const key = schema.fields.find(({ name }) => name === "idempotency_key");
  if (key) return Boolean(fieldsOf(message)[key.localName]);
  const items = schema.fields.find(({ name, fieldKind }) => name === "requests" && fieldKind === "list");
  if (items?.fieldKind !== "list" || items.listKind !== "message") return false;
  const list = fieldsOf(message)[items.localName] as readonly Message[];
  return list.length > 0 && list.every((item) => isKeyed(items.message, item));
}

/** Whether a second attempt can do no harm: reads, mutations with a key, and what its contract calls idempotent. */
export function isRepeatable(method: DescMethod, message: Message): boolean {
  const isIdempotent = method.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENT;
  return isIdempotent || READ.test(method.name) || isKeyed(method.input, message);
}

/** Null when there is to be no further attempt. */
function pauseAfter(error: unknown, attempt: number): number | null {
  if (!(error instanceof ConnectError) || error.code !== Code.Unavailable || attempt >= ATTEMPTS) return null;
  const [info] = error.findDetails(RetryInfoSchema);
  const askedMs = Number(info?.retryDelay?.seconds ?? 0n) * 1_000 + (info?.retryDelay?.nanos ?? 0) / 1e6;
  if (askedMs > LONGEST_PAUSE_MS) return null;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  // Callers that lost the same server do not come back in the same moment.
  return Math.max(askedMs, pauseMs * (0.8 + 0.4 * Math.random()));
}

/**
 * Makes an attempt, and up to three more while the peer is unavailable and the time suffices. `attempt` gets the time
 * that is left of `timeoutMs`.
 */
export async function withRetries<T>(
  attempt: (leftMs: number) => Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (let made = 1; ; made++) {
    try {
      return await attempt(endMs - performance.now());
    } catch (error) {
      const pauseMs = pauseAfter(error, made);
      if (pauseMs === null || signal?.aborted || performance.now() + pauseMs >= endMs) throw error;
      const slept = await sleep(pauseMs, true, signal ? { signal } : {}).catch(() => false);
      if (!slept) throw error;
    }
  }
}
