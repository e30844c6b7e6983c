/** Amounts and ids are at most 2^53−1 by contract, so a JSON number holds them exactly. */
export function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError("an amount or id is larger than 2^53-1");
  return number;
}
