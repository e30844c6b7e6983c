import type { BookSide, Keks } from "./inputs.ts";
import type { Journals } from "./journals/journals.ts";
import type { DatabaseName, Snapshots } from "./snapshot.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Whom a rule belongs to: one database, all of them together, or the journals of a run. */
export type Group = DatabaseName | "across" | "journals";

/** One rule of the catalogue. What it yields breaks it; an input that is missing breaks it too. */
export type Invariant = {
  /** `C1`, `L1`, `W1`, `X1`, `S1`: the numbers of the catalogue. */
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  /** One offending row at a time, so that a table of any size can be wrong. */
  readonly broken: (world: World) => AsyncIterable<Row>;
};

/** Everything that rules may look at. */
export type World = {
  /** Those that are checked, each in one read-only snapshot. */
  readonly at: Partial<Snapshots>;
  readonly settings: Settings;
  /** The gateway's own books; null when nobody gave them. */
  readonly gateway: BookSide | null;
  /** What opens the stored signing secrets; null when nobody gave it. */
  readonly keks: Keks | null;
  readonly journals: Journals | null;
};

export type Settings = {
  /** Rows younger than this are left out: on a live system they may be half-way. */
  readonly quietSeconds: number;
  /** Rows older than this are left out; null for all. An instant as PostgreSQL reads it. */
  readonly since: string | null;
  /** Something was killed or cut off meanwhile: order that only holds in normal running is not asked for. */
  readonly isStormy: boolean;
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
  since: null,
  isStormy: false,
  timeScale: 1,
  deadlineMs: 15_000,
  leaseMs: 45_000,
  hostCap: 8,
  applicationCap: 16,
  slots: 256,
  testSlots: 64,
  allowCidrs: ["127.0.0.0/8", "::1/128"],
};

/** Fills `{quiet}`, `{since}`, `{deadline}` … in; all values are numbers, instants or addresses of the operator. */
export function render(sql: string, settings: Settings): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "")}'`;
  const values: Readonly<Record<string, string>> = {
    scale: String(settings.timeScale),
    quiet: `interval '${settings.quietSeconds} seconds'`,
    since: `timestamptz ${quoted(settings.since ?? "-infinity")}`,
    stormy: String(settings.isStormy),
    deadline: `interval '${settings.deadlineMs + 1_000} milliseconds'`,
    lease: `interval '${settings.leaseMs} milliseconds'`,
    hostCap: String(settings.hostCap),
    applicationCap: String(settings.applicationCap),
    slots: String(settings.slots),
    testSlots: String(settings.testSlots),
    allowed: `array[${settings.allowCidrs.map(quoted).join(",")}]::cidr[]`,
  };
  return sql.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
