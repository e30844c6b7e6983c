/** The widest amount of the protocol, decimal(10,2), as text without sign, exponent or grouping. */
const AMOUNT = /^(\d{1,8})(?:\.(\d{1,2}))?$/;
const RATE = /^(\d{1,6})(?:\.(\d{1,4}))?$/;

/** `69` → 6900n, `9.5` → 950n; null for anything the gateway would not read as an amount. */
export function parseAmount(text: string): bigint | null {
  const found = AMOUNT.exec(text);
  return found ? BigInt(found[1] ?? "0") * 100n + BigInt((found[2] ?? "").padEnd(2, "0")) : null;
}

/** 58500n → `585.00` */
export function formatAmount(minor: bigint): string {
  return `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}`;
}

/** `102.2884` → 1022884n, that is ten-thousandths of a BDT per unit of the foreign currency. */
export function parseRate(text: string): bigint | null {
  const found = RATE.exec(text);
  return found ? BigInt(found[1] ?? "0") * 10_000n + BigInt((found[2] ?? "").padEnd(4, "0")) : null;
}

/** 1022884n → `102.2884` */
export function formatRate(rate: bigint): string {
  return `${rate / 10_000n}.${String(rate % 10_000n).padStart(4, "0")}`;
}

/**
 * What the merchant gets after the fee of 2.5 %. The half is rounded up on this amount and not on the fee: the
 * published 21.00 → 20.48 comes out only this way.
 */
export function amountAfterFee(amountMinor: bigint): bigint {
  return (amountMinor * 975n + 500n) / 1000n;
}

/** An amount in BDT, half rounded up. BDT itself has the rate 1.0000. */
export function convertToBdt(minor: bigint, rate: bigint): bigint {
  return (minor * rate + 5000n) / 10_000n;
}
