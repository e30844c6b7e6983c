import { assert } from "@oi/kernel/assert";

type NormalSide = "DEBIT" | "CREDIT" | "EITHER";

/** One line of the chart of accounts. Several paths may match it, one per gateway for instance. */
export type ChartLine = {
  readonly code: string;
  readonly pattern: RegExp;
  readonly normalSide: NormalSide;
  /** Every leg names an open item, and each item must return to zero. */
  readonly clearing: boolean;
  /** There is one such path and no other, so a command may open it. */
  readonly isSingle: boolean;
  /** A bound of debits less credits that commands keep; only on accounts that no fact touches. */
  readonly maxBalanceMinor: bigint | null;
};

const CHART: readonly ChartLine[] = [
  line("1000", "Assets:Bank:{}", "DEBIT"),
  line("1100", "Assets:Gateway:{}:Receivable", "DEBIT", "clearing"),
  line("1110", "Assets:Gateway:{}:InTransit", "DEBIT", "clearing"),
  line("1300", "Assets:Tax:InputVat", "DEBIT"),
  line("2100", "Liabilities:Merchant:Payable", "CREDIT"),
  line("2110", "Liabilities:Refunds:InFlight", "CREDIT", "clearing"),
  { ...line("2120", "Liabilities:Merchant:Reserve", "CREDIT"), maxBalanceMinor: 0n },
  line("2130", "Liabilities:Customers:LateMoney", "CREDIT", "clearing"),
  line("2200", "Liabilities:Disputes:Held", "CREDIT", "clearing"),
  line("2900", "Liabilities:Suspense:{}", "EITHER", "clearing"),
  line("3000", "Equity:Opening", "CREDIT"),
  line("3900", "Equity:Conversion", "EITHER"),
  line("4100", "Income:PlatformFee", "CREDIT"),
  line("5100", "Expenses:GatewayFee:{}", "DEBIT"),
  line("5900", "Expenses:WriteOff", "DEBIT"),
];

/** `{}` stands for one component: a gateway's or a bank's name. */
function line(code: string, path: string, normalSide: NormalSide, clearing?: "clearing"): ChartLine {
  const pattern = new RegExp(`^${path.replace("{}", "[A-Z0-9][A-Za-z0-9-]*")}$`);
  const isSingle = !path.includes("{}");
  return { code, pattern, normalSide, clearing: clearing !== undefined, isSingle, maxBalanceMinor: null };
}

/** A book has few paths, and each is looked up for every leg. */
const found = new Map<string, ChartLine | null>();
const REMEMBERED = 10_000;

export function findChartLine(path: string): ChartLine | null {
  const known = found.get(path);
  if (known !== undefined) return known;
  const line = CHART.find(({ pattern }) => pattern.test(path)) ?? null;
  if (found.size >= REMEMBERED) found.clear();
  found.set(path, line);
  return line;
}

/** The chart's line of a path. A path outside the chart is a bug of a posting rule. */
export function chartLine(path: string): ChartLine {
  const line = findChartLine(path);
  assert(line !== null, `${path} is not in the chart of accounts`);
  return line;
}

/** Gateways are named in lower case outside and as an account component inside. */
export const GATEWAY_PATTERN = /^[a-z][a-z0-9-]{0,62}$/;

function component(gateway: string): string {
  return gateway.charAt(0).toUpperCase() + gateway.slice(1);
}

/** 1100: what the gateway owes us. */
export function gatewayReceivable(gateway: string): string {
  return `Assets:Gateway:${component(gateway)}:Receivable`;
}

/** 5100: what the gateway keeps. */
export function gatewayFee(gateway: string): string {
  return `Expenses:GatewayFee:${component(gateway)}`;
}

/** 2900: money that we hold and cannot attribute. */
export function suspense(gateway: string): string {
  return `Liabilities:Suspense:${component(gateway)}`;
}

/** 2100: what the application has earned, gross of fees. */
export const MERCHANT_PAYABLE = "Liabilities:Merchant:Payable";
/** 2130: confirmed after the payment was closed, or paid twice. */
export const LATE_MONEY = "Liabilities:Customers:LateMoney";
/** 3900: the position between the two currencies of one fact. */
export const CONVERSION = "Equity:Conversion";
/** 2110: asked of the gateway; zero once the refund has an outcome. */
export const REFUNDS_IN_FLIGHT = "Liabilities:Refunds:InFlight";
/** 3000: what a book begins with. */
export const OPENING = "Equity:Opening";
/** 5900: what nobody will pay any more; adjustments only. */
export const WRITE_OFF = "Expenses:WriteOff";
