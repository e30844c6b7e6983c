import { randomBytes } from "node:crypto";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { whole } from "./support/statistics.ts";
import { runArm } from "./webhooks/arm.ts";
import { reportOf } from "./webhooks/report.ts";
import type { Arm, Load } from "./webhooks/shape.ts";
import { startWorld } from "./webhooks/world.ts";

const USAGE = `npm run bench -- webhooks [options]

  Deliveries per second, and the lag of healthy endpoints beside sick ones: 10 % hang, 10 % refuse, 10 % drip, 5 % have
  dead DNS and one has a backlog. Healthy and sick arms alternate, round by round, each on an empty database and a fresh,
  warmed-up process; then everything is due at once; then a naive shared pool (claim by due time alone, no caps, no
  breaker) among the same sick ones. The receivers and the load run in this process, on the same cores.

  --rounds N      3       of the healthy, the sick and the burst arm
  --seconds N     20      per healthy and sick arm
  --rate N        300     events per second
  --endpoints N   100
  --backlog N     100000  rows of the one endpoint
  --burst N       20000   rows that are due at once
  --warm-up N     5000    deliveries before anything is timed
  --no-naive              leave the baseline out
  --help
`;

function count(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) throw new Error(`${text} is no positive number`);
  return number;
}

/** Every other round begins with the sick arm: whatever drifts on the machine drifts for both. */
function planOf(rounds: number, hasNaive: boolean): readonly Arm[] {
  const pairs = Array.from({ length: rounds }, (_, round): readonly Arm[] =>
    round % 2 === 0 ? ["HEALTHY", "SICK"] : ["SICK", "HEALTHY"],
  );
  const bursts = Array.from({ length: rounds }, (): Arm => "BURST");
  return [...pairs.flat(), ...bursts, ...(hasNaive ? (["NAIVE"] as const) : [])];
}

/** Prints a line per arm as it ends, then medians and ratios. */
export async function run(args: readonly string[]): Promise<void> {
  const number = (fallback: number) => ({ type: "string", default: String(fallback) }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      "no-naive": { type: "boolean", default: false },
      rounds: number(3),
      seconds: number(20),
      rate: number(300),
      endpoints: number(100),
      backlog: number(100_000),
      burst: number(20_000),
      "warm-up": number(5_000),
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const load: Load = {
    seconds: count(values.seconds),
    rate: count(values.rate),
    endpoints: count(values.endpoints),
    backlog: count(values.backlog),
    burst: count(values.burst),
    warmUp: count(values["warm-up"]),
  };
  await using world = await startWorld(`k1:${randomBytes(32).toString("base64")}`);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model.trim()} · Node ${process.versions.node} · ${world.description}\n${load.endpoints} endpoints · ${load.rate} events/s for ${load.seconds} s an ` +
      `arm · backlog ${whole(load.backlog)}\n\n`,
  );
  const report = reportOf();
  for (const arm of planOf(count(values.rounds), !values["no-naive"]))
    process.stdout.write(`${report.add(await runArm(world, arm, load))}\n`);
  process.stdout.write(`\n${report.summary()}`);
}

if (import.meta.main) await run(process.argv.slice(2));
