import { createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RawBooks } from "../inputs.ts";

/** What the client wrote before it sent a request, and what it saw of the answer. `n` joins the two. */
export type ClientEntry =
  | {
      readonly kind: "request";
      readonly n: number;
      readonly at: number;
      readonly op: "payment" | "refund" | "other";
      readonly method: string;
      readonly path: string;
      /** The Idempotency-Key; null when there is none. */
      readonly key: string | null;
      /** One per wish of the client, the same on its repeats: the resource bears it. Null for what makes none. */
      readonly mark: string | null;
      readonly body: unknown;
      /** The longest that an answer may take. */
      readonly budgetMs: number;
    }
  | {
      readonly kind: "answer";
      readonly n: number;
      readonly at: number;
      readonly status: number;
      readonly text: string;
      readonly ms: number;
    }
  | {
      readonly kind: "failure";
      readonly n: number;
      readonly at: number;
      readonly why: string;
      readonly ms: number;
    };

/** One copy of a webhook as it arrived, and how it was answered. */
export type SinkEntry = {
  readonly at: number;
  readonly url: string;
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  /** What the library `standardwebhooks` said about it when it came. */
  readonly isGenuine: boolean;
  readonly status: number;
};

export type TrapEntry = {
  readonly kind: "listening" | "connection" | "bytes";
  readonly where: string;
  readonly at: number;
};

/** One thing that was broken on purpose, and when it was whole again. */
export type FaultEntry = {
  readonly kind: string;
  readonly target: string;
  readonly from: number;
  readonly until: number;
};

/** The run that wrote the journals. */
export type Run = {
  readonly seed: number;
  /** By the clock of the machine that ran it. */
  readonly startedAt: number;
  readonly applications: readonly number[];
  readonly endpoints: readonly { readonly url: string; readonly secrets: readonly string[] }[];
  /** Deliveries that may be in flight when a process dies. */
  readonly inFlight: number;
  /** Texts that must be found nowhere, by what they are. */
  readonly canaries: Readonly<Record<string, string>>;
  /** Files and folders to look for them in. */
  readonly scan: readonly string[];
};

/** The journals of a run, each a file of JSON lines; read anew at every use, so that none has to fit into memory. */
export type Journals = {
  readonly run: Run;
  readonly gateway: RawBooks;
  client(): AsyncGenerator<ClientEntry>;
  sinks(): AsyncGenerator<SinkEntry>;
  traps(): AsyncGenerator<TrapEntry>;
  faults(): AsyncGenerator<FaultEntry>;
};

/** The names of the files. */
export const JOURNAL = {
  run: "run.json",
  gateway: "gateway.json",
  client: "client.jsonl",
  sinks: "sinks.jsonl",
  traps: "traps.jsonl",
  faults: "faults.jsonl",
} as const;

/** Raises an Error that names what is missing. */
export function readJournals(folder: string): Journals {
  const missing = Object.values(JOURNAL).filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw new Error(`${folder} holds no ${missing.join(", ")}`);
  const whole = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
  return {
    run: whole<Run>(JOURNAL.run),
    gateway: whole<RawBooks>(JOURNAL.gateway),
    client: () => linesOf<ClientEntry>(join(folder, JOURNAL.client)),
    sinks: () => linesOf<SinkEntry>(join(folder, JOURNAL.sinks)),
    traps: () => linesOf<TrapEntry>(join(folder, JOURNAL.traps)),
    faults: () => linesOf<FaultEntry>(join(folder, JOURNAL.faults)),
  };
}

async function* linesOf<T>(file: string): AsyncGenerator<T> {
  for await (const line of createInterface({ input: createReadStream(file, "utf8") })) {
    if (line !== "") yield JSON.parse(line) as T;
  }
}
