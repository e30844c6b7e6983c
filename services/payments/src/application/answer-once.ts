import { DomainError } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { AnswerWrite, IdempotencyKey, PaymentStore } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** What is to be stored with the effect, so that a repeat of the key is answered the same; null without a key. */
export type Keep = (resource: { readonly id: number }) => AnswerWrite | null;

/**
 * A change of one payment that a person asks for: once per key, and again from the beginning when the payment changed
 * meanwhile. A repeat is answered as the first request was, whatever happened since. Raises IDEMPOTENCY_KEY_CONFLICT.
 */
export function answerOnce<T extends { readonly id: number }>(
  payments: PaymentStore,
  scope: Scope,
  key: IdempotencyKey | null,
  act: (keep: Keep) => Promise<T>,
): Promise<T> {
  const keep: Keep = (resource) => key && { key, resource, resourceId: resource.id };
  const answered = async () => key && (await payments.answered<T>(scope, key));
  return retryOnConflict(() => unlessAnswered(answered, () => act(keep)));
}

/**
 * The stored answer, or what is done now. A refusal is looked at twice: the first request with the same key may have
 * come in between, and be the very reason why this one is refused.
 */
export async function unlessAnswered<T>(
  answered: () => Promise<T | null>,
  act: () => Promise<T>,
): Promise<T> {
  const earlier = await answered();
  if (earlier) return earlier;
  try {
    return await act();
  } catch (error) {
    const first = error instanceof DomainError ? await answered() : null;
    if (first) return first;
    throw error;
  }
}
