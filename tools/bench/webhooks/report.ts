import { median, percentile, table, whole } from "../support/statistics.ts";
import type { ArmResult } from "./arm.ts";
import type { Arm } from "./shape.ts";

const ARMS: readonly Arm[] = ["HEALTHY", "SICK", "BURST", "NAIVE"];

const p = (result: ArmResult, share: number): number => percentile(result.lagsMs, share);
const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

/** `54 (51–60)`: the median of the rounds, the least and the largest. */
function spread(values: readonly number[], show: (value: number) => string): string {
  if (values.length === 1) return show(values[0] ?? 0);
  return `${show(median(values))} (${show(Math.min(...values))}–${show(Math.max(...values))})`;
}

function line(result: ArmResult): string {
  const lags = result.lagsMs.length === 0 ? "" : ` · p50 ${ms(p(result, 0.5))} p99 ${ms(p(result, 0.99))} ms`;
  const others = `others used ${(result.othersShare * 100).toFixed(0)} %`;
  return `${result.arm.padEnd(8)} ${whole(result.perSecond).padStart(6)}/s${lags} · ${others}`;
}

function rowOf(arm: Arm, results: readonly ArmResult[]): string[] {
  const of = (pick: (result: ArmResult) => number, show = ms): string => spread(results.map(pick), show);
  const isTimed = results.some(({ lagsMs }) => lagsMs.length > 0);
  const lag = (share: number): string => (isTimed ? of((result) => p(result, share)) : "–");
  const cpu = ["service", "postgresql", "receivers and load"].map((name) =>
    of((result) => (result.cpuMs[name] ?? 0) * 1_000, whole),
  );
  const undelivered = String(results.reduce((sum, result) => sum + result.undelivered, 0));
  return [arm, of((r) => r.perSecond, whole), lag(0.5), lag(0.99), lag(1), undelivered, ...cpu];
}

/** Of the medians of the rounds, of all rounds' lags together, and the least and largest of one round. */
function ratioLine(name: string, above: readonly ArmResult[], below: readonly ArmResult[]): string {
  const p99 = (results: readonly ArmResult[]): number => median(results.map((result) => p(result, 0.99)));
  const pooled = (results: readonly ArmResult[]): number =>
    percentile(
      results.flatMap(({ lagsMs }) => lagsMs).toSorted((a, b) => a - b),
      0.99,
    );
  const each = above.flatMap((result, i) => {
    const other = below[i];
    return other ? [p(result, 0.99) / p(other, 0.99)] : [];
  });
  const show = (value: number): string => value.toFixed(2);
  return (
    `p99 ${name}: ${show(p99(above) / p99(below))} × of medians, ${show(pooled(above) / pooled(below))} × of all ` +
    `together, single rounds ${show(Math.min(...each))}–${show(Math.max(...each))} ×\n`
  );
}

/** Collects the arms; a quiet machine is where the others' share stays below a tenth. */
export function reportOf() {
  const results: ArmResult[] = [];
  const of = (arm: Arm): readonly ArmResult[] => results.filter((result) => result.arm === arm);
  return {
    add: (result: ArmResult): string => {
      results.push(result);
      return line(result);
    },
    summary: (): string => {
      const head = "arm,deliveries/s,p50 ms,p99 ms,max ms,undelivered,service µs,postgresql µs,receivers µs";
      const rows = ARMS.flatMap((arm) => (of(arm).length === 0 ? [] : [rowOf(arm, of(arm))]));
      const naive = of("NAIVE").length === 0 ? "" : ratioLine("in a naive pool", of("NAIVE"), of("HEALTHY"));
      return (
        `${table([head.split(","), ...rows])}\n${ratioLine("beside sick endpoints", of("SICK"), of("HEALTHY"))}` +
        `${naive}Medians of the rounds (least–largest); CPU is per delivery.\n`
      );
    },
  };
}
