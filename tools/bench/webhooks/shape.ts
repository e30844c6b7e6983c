/** BURST: everything is due at once, to see how many deliveries a second there can be. */
export type Arm = "HEALTHY" | "SICK" | "BURST" | "NAIVE";

export type Load = {
  readonly seconds: number;
  /** Events per second. */
  readonly rate: number;
  readonly endpoints: number;
  /** Rows that one endpoint has waiting in the sick arms. */
  readonly backlog: number;
  /** Rows that are due at once in BURST. */
  readonly burst: number;
  /** Deliveries before anything is timed. */
  readonly warmUp: number;
};

export type Kind = "OK" | "HANG" | "REFUSE" | "DRIP" | "NAME";

/** Of every twenty: two hang, two refuse, two drip, one has a dead name. */
export function kindOf(i: number): Kind {
  const place = i % 20;
  if (place < 2) return "HANG";
  if (place < 4) return "REFUSE";
  if (place < 6) return "DRIP";
  return place === 6 ? "NAME" : "OK";
}

/** The first of fourteen in a row that are well in every arm. */
export const FIRST_HEALTHY = 7;

/** One that is well and has a backlog. */
export const floodedOf = ({ endpoints }: Load): number => endpoints - 1;

/** Whose events are timed: well in every arm, and without a backlog in any. */
export function isTimed(load: Load, application: number): boolean {
  return kindOf(application) === "OK" && application !== floodedOf(load);
}

export const addressOf = (i: number): string => `127.20.${i >> 8}.${i & 255}`;
