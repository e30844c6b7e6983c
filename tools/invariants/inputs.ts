import { readFileSync } from "node:fs";

/** Key-encryption keys by their id. */
export type Keks = ReadonlyMap<string, Buffer>;

/** `id:base64` pairs as `WEBHOOKS_KEKS` has them. Raises an Error for anything else. */
export function parseKeks(text: string): Keks {
  const pairs = text.trim().split(",");
  return new Map(
    pairs.map((pair) => {
      const [, id = "", key = ""] = /^([^:]+):([A-Za-z0-9+/]+=*)$/.exec(pair.trim()) ?? [];
      if (Buffer.from(key, "base64").length !== 32) throw new Error("a key is id:base64 of 32 bytes");
      return [id, Buffer.from(key, "base64")];
    }),
  );
}

/** Money that the gateway took; amounts in BDT minor units, and in the currency it was asked for. */
export type GatewayCharge = {
  readonly tranId: string;
  readonly valId: string;
  readonly bankTranId: string;
  readonly storeId: string;
  readonly grossMinor: bigint;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly chargedAt: number;
};

export type GatewayRefund = {
  readonly refundTransId: string;
  readonly refundRefId: string;
  readonly bankTranId: string;
  readonly amountMinor: bigint;
  readonly status: string;
};

/** The gateway's own books. */
export type BookSide = {
  readonly charges: readonly GatewayCharge[];
  readonly refunds: readonly GatewayRefund[];
  /** The first session that it knows of: what was charged in sessions before is not in these books. */
  readonly knowsSince: number;
};

type Json = Readonly<Record<string, unknown>>;
export type RawBooks = {
  readonly charges: readonly Json[];
  readonly refunds: readonly Json[];
  readonly sessions: readonly Json[];
};

/** From the admin calls of a simulator, or from a file with the same three lists. */
export async function readGateway(place: string): Promise<BookSide> {
  return toBooks(/^https?:/.test(place) ? await fetchBooks(place) : readJson(place));
}

function readJson(file: string): RawBooks {
  return JSON.parse(readFileSync(file, "utf8")) as RawBooks;
}

/** What a simulator answers about its own books. */
export async function fetchBooks(url: string): Promise<RawBooks> {
  const list = async (name: string): Promise<readonly Json[]> => {
    const response = await fetch(`${url}/_sandbox/${name}`);
    if (!response.ok) throw new Error(`the gateway answered ${response.status} about its ${name}`);
    return ((await response.json()) as Record<string, readonly Json[]>)[name] ?? [];
  };
  return {
    charges: await list("charges"),
    refunds: await list("refunds"),
    sessions: await list("sessions"),
  };
}

export function toBooks({ charges, refunds, sessions }: RawBooks): BookSide {
  return {
    charges: charges.map((charge) => ({
      tranId: String(charge.tranId),
      valId: String(charge.valId),
      bankTranId: String(charge.bankTranId),
      storeId: String(charge.storeId),
      grossMinor: minorOf(charge.amount),
      amountMinor: minorOf(charge.currencyAmount),
      currency: String(charge.currencyType),
      chargedAt: Number(charge.chargedAt),
    })),
    refunds: refunds.map((refund) => ({
      refundTransId: String(refund.refundTransId),
      refundRefId: String(refund.refundRefId),
      bankTranId: String(refund.bankTranId),
      amountMinor: minorOf(refund.amount),
      status: String(refund.status),
    })),
    knowsSince: sessions.reduce(
      (first, session) => Math.min(first, Number(session.openedAt)),
      Number.POSITIVE_INFINITY,
    ),
  };
}

/** `123.45` → 12345. */
function minorOf(text: unknown): bigint {
  const [, whole = "", fraction = ""] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(String(text)) ?? [];
  if (whole === "") throw new Error(`the gateway names no amount: ${String(text)}`);
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, "0"));
}
