/** The three databases, each with its own invariants, and those that join several. */
export type DatabaseName = "payments" | "ledger" | "webhooks";

/** A query whose rows break a rule. `$since`-like settings are written into the text by {@link render}. */
export type Invariant = {
  /** `C1`, `L1`, `W1`: the numbers of the catalogue. */
  readonly name: string;
  readonly title: string;
  readonly database: DatabaseName;
  /** Returns offending rows. */
  readonly sql: string;
};

export type Settings = {
  /** Rows younger than this are left out: on a live system they may be half-way. */
  readonly quietSeconds: number;
  /** What `TIME_SCALE` was; 1 outside tests. */
  readonly timeScale: number;
  readonly deadlineMs: number;
  readonly leaseMs: number;
  readonly hostCap: number;
  readonly applicationCap: number;
  readonly slots: number;
  readonly testSlots: number;
  /** Ranges beside public ones that webhooks may go to. */
  readonly allowCidrs: readonly string[];
};

export const DEFAULT_SETTINGS: Settings = {
  quietSeconds: 0,
  timeScale: 1,
  deadlineMs: 15_000,
  leaseMs: 45_000,
  hostCap: 8,
  applicationCap: 16,
  slots: 256,
  testSlots: 64,
  allowCidrs: ["127.0.0.0/8", "::1/128"],
};

/** Fills `{quiet}`, `{deadline}`, `{lease}` … in; all values are numbers or addresses of the operator. */
export function render(sql: string, settings: Settings): string {
  const values: Readonly<Record<string, string>> = {
    scale: String(settings.timeScale),
    quiet: `interval '${settings.quietSeconds} seconds'`,
    deadline: `interval '${settings.deadlineMs + 1_000} milliseconds'`,
    lease: `interval '${settings.leaseMs} milliseconds'`,
    hostCap: String(settings.hostCap),
    applicationCap: String(settings.applicationCap),
    slots: String(settings.slots),
    testSlots: String(settings.testSlots),
    allowed: `array[${settings.allowCidrs.map((cidr) => `'${cidr.replaceAll("'", "")}'`).join(",")}]::cidr[]`,
  };
  return sql.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
