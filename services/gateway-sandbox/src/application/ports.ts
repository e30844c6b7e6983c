import type { Instant } from "../domain/dhaka-time.ts";
import type { Fields } from "../domain/signature.ts";

export type Clock = { now(): Instant };

/** The simulator's own time: the given clock plus what was advanced. Everything that happens later is scheduled here. */
export type Scheduler = Clock & {
  /**
   * Runs once the time has come; resolves after the run, or at once when the schedule is cleared. A run never waits for
   * another scheduled one, or advancing the clock could not end.
   */
  schedule(afterMs: number, run: () => void | Promise<void>): Promise<void>;
  /** Moves the time and runs, in order, what falls due on the way. Resolves with the number of runs. */
  advance(ms: number): Promise<number>;
  clear(): void;
};

export type PostAnswer = {
  readonly httpStatus: number | null;
  /** The redirect's target; it is reported and not followed. */
  readonly location: string | null;
  readonly error: string | null;
};

/** Posts a urlencoded form. Trouble is an answer, never a throw. */
export type PostForm = (url: string, body: string) => Promise<PostAnswer>;

/** Passwords by store id. */
export type Stores = ReadonlyMap<string, string>;

/** One operation of the protocol. A blind one does not find what it is asked for, and so does nothing. */
export type Operate = (fields: Fields, isBlind?: boolean) => Answer;

/** What an operation answers when nothing goes wrong. */
export type Answer = {
  readonly body: Readonly<Record<string, unknown>>;
  /** Set when a session was opened, so that its customer can begin once the answer has arrived. */
  readonly openedKey?: string;
};
