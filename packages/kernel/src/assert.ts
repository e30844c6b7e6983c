/** A broken invariant is a bug of ours, never an answer to a caller: it becomes INTERNAL_ERROR and an alarm. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

export function assert(claim: boolean, message: string): asserts claim {
  if (!claim) throw new InvariantBroken(message);
}

/** Makes a `switch` over a closed union complete at compile time. */
export function unreachable(value: never): never {
  throw new InvariantBroken(`unexpected value ${String(value)}`);
}
