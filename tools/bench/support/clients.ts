import { percentile } from "./statistics.ts";

/** What a number of clients reached that each ask again as soon as they are answered. */
export type Load = {
  readonly perSecond: number;
  readonly count: number;
  /** Answers that were not the wanted one, by what came instead. */
  readonly failures: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

/** Lets `clients` ask for `seconds`; `ask` returns null, or in a word what went wrong. */
export async function keepAsking(options: {
  readonly clients: number;
  readonly seconds: number;
  readonly ask: () => Promise<string | null>;
}): Promise<Load> {
  const fromMs = performance.now();
  const untilMs = fromMs + options.seconds * 1_000;
  const latencies: number[] = [];
  const failures: Record<string, number> = {};
  const client = async (): Promise<void> => {
    for (let beginMs = performance.now(); beginMs < untilMs; beginMs = performance.now()) {
      const failure = await options.ask().catch((error: Error) => error.name);
      if (failure === null) latencies.push(performance.now() - beginMs);
      else failures[failure] = (failures[failure] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  const seconds = (performance.now() - fromMs) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    count: latencies.length,
    failures,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
}
