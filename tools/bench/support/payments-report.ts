import type { Load } from "./clients.ts";
import { type CpuTimes, total } from "./cpu.ts";
import { median, table, whole } from "./statistics.ts";

/** One candidate in one round. */
export type Measured = {
  readonly name: string;
  readonly load: Load;
  readonly cpu: CpuTimes;
  /** Share of the machine that processes used which have nothing to do with this. */
  readonly others: number;
  readonly aloneP50Ms: number | null;
};

export type Report = {
  /** The first of each round is what the others are compared with. */
  readonly rounds: readonly (readonly Measured[])[];
  readonly facts: readonly string[];
  readonly options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly clients: number;
  };
};

const DISTURBED = 0.3;
const GENERATORS = ["driver", "generator"];

const perPayment = ({ cpu, load }: Measured): number => (total(cpu) * 1_000) / Math.max(1, load.count);
const ms = (value: number): string => value.toFixed(1);

/** The figures as text: medians over the rounds, ratios from within one round. */
export function paymentsReport({ rounds, facts, options }: Report): string {
  const names = (rounds[0] ?? []).map(({ name }) => name);
  const of = (at: number): Measured[] => rounds.flatMap((round) => round[at] ?? []);
  const ratio = (at: number, figure: (measured: Measured) => number): string => {
    const ratios = rounds.flatMap((round) => {
      const [base, candidate] = [round[0], round[at]];
      return base && candidate ? [figure(candidate) / figure(base)] : [];
    });
    return median(ratios).toFixed(2);
  };
  const rates = names.map((name, at) => {
    const all = of(at).map(({ load }) => load.perSecond);
    const alone = of(at).flatMap(({ aloneP50Ms }) => aloneP50Ms ?? []);
    return [
      name,
      whole(median(all)),
      `${whole(Math.min(...all))}–${whole(Math.max(...all))}`,
      ratio(at, ({ load }) => load.perSecond),
      ms(median(of(at).map(({ load }) => load.p50Ms))),
      ms(median(of(at).map(({ load }) => load.p99Ms))),
      alone.length > 0 ? ms(median(alone)) : "",
    ];
  });
  return [
    "",
    `  Creating a payment · ${options.rounds} rounds of ${options.seconds} s · ${options.connections} connections · statement: own loop over postgres.js, ${options.clients} clients`,
    ...facts.map((fact) => `  ${fact}`),
    "",
    table([["payments/s", "median", "min–max", "× statement", "p50 ms", "p99 ms", "alone p50 ms"], ...rates]),
    table([
      ["CPU µs per payment", ...names],
      ...costs(names.map((_, at) => of(at))),
      ["sum", ...names.map((_, at) => whole(median(of(at).map(perPayment))))],
      ["× statement", ...names.map((_, at) => ratio(at, perPayment))],
    ]),
    ...remarks(rounds.flat()),
  ].join("\n");
}

/** A row for every process that any candidate has. */
function costs(candidates: readonly (readonly Measured[])[]): string[][] {
  const names = new Set(candidates.flatMap(([first]) => Object.keys(first?.cpu ?? {})));
  const cost = (measured: readonly Measured[], name: string): string =>
    measured.some(({ cpu }) => name in cpu)
      ? whole(median(measured.map(({ cpu, load }) => ((cpu[name] ?? 0) * 1_000) / Math.max(1, load.count))))
      : "";
  return [...names].map((name) => [name, ...candidates.map((measured) => cost(measured, name))]);
}

function remarks(measured: readonly Measured[]): string[] {
  const failures = measured.flatMap(({ name, load }) =>
    Object.entries(load.failures).map(
      ([what, count]) => `  ${name}: ${count} × ${what} instead of a payment`,
    ),
  );
  const others = Math.max(...measured.map((one) => one.others));
  const share = `${Math.round(others * 100)} %`;
  const verdict = others >= DISTURBED ? "; rates are lower bounds, compare ratios and CPU" : "";
  return [
    `  ${GENERATORS.join(" and ")} are ours too and run on the same processors; CPU counts until all that followed was done.`,
    `  Other processes used at most ${share} of the machine during a measurement${verdict}.`,
    ...failures,
    "",
  ];
}
