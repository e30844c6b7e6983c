import { randomBytes } from "node:crypto";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Arm, type ArmResult, runArm } from "./webhooks/arm.ts";
import { startWorld } from "./webhooks/world.ts";

const USAGE = `Measures webhooks: deliveries per second, and the lag of healthy endpoints beside sick ones.

  npm run bench -- webhooks [--seconds N] [--rate N] [--endpoints N] [--backlog N]

  --seconds N    per arm, default 15        --rate N       events per second, default 300
  --endpoints N  default 100                --backlog N    rows of the flooded endpoint, default 20000

Three arms in one run, same seed and load: all healthy; 10 % hang, 10 % refuse, 10 % drip, 5 % have dead DNS and one
has a backlog; the same with isolation off (claim by due time alone, no caps, no breaker): a naive shared pool.
`;

function whole(text: string | undefined, fallback: number): number {
  const number = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(number) || number <= 0) throw new Error(`${text} is no positive number`);
  return number;
}

const cell = (text: string | number, width: number): string => String(text).padStart(width);

function table(results: readonly ArmResult[]): string {
  const head = ["arm", "deliveries/s", "healthy", "p50 ms", "p99 ms", "max ms", "undelivered"];
  const widths = [28, 13, 9, 9, 9, 9, 12];
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((text, i) => (i === 0 ? String(text).padEnd(28) : cell(text, widths[i] ?? 8))).join("");
  const rows = results.map((r) =>
    line([
      r.arm,
      r.perSecond.toFixed(0),
      r.healthy,
      r.p50Ms.toFixed(0),
      r.p99Ms.toFixed(0),
      r.maxMs.toFixed(0),
      r.undelivered,
    ]),
  );
  return [line(head), ...rows].join("\n");
}

/** Prints the hardware, the settings and one row per arm. */
export async function run(args: readonly string[]): Promise<void> {
  const text = { type: "string" } as const;
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: text, rate: text, endpoints: text, backlog: text },
  });
  const load = {
    seconds: whole(values.seconds, 15),
    rate: whole(values.rate, 300),
    endpoints: whole(values.endpoints, 100),
    backlog: whole(values.backlog, 20_000),
  };
  await using world = await startWorld(`k1:${randomBytes(32).toString("base64")}`);
  const [cpu] = cpus();
  process.stdout.write(
    `webhooks on ${cpus().length} × ${cpu?.model ?? "?"}, Node ${process.version}, PostgreSQL ${world.version}, ` +
      `fsync ${world.fsync}, one commit ${world.commitMs.toFixed(2)} ms\n` +
      `${load.endpoints} endpoints, ${load.rate} events/s for ${load.seconds} s an arm; receivers in this process\n\n`,
  );
  const results: ArmResult[] = [];
  for (const arm of ["HEALTHY", "SICK", "BURST", "NAIVE"] satisfies readonly Arm[])
    results.push(await runArm(world, arm, load));
  const [healthy, sick, , naive] = results;
  const ratio = (result: ArmResult | undefined): string =>
    healthy && result ? (result.p99Ms / Math.max(1, healthy.p99Ms)).toFixed(2) : "?";
  process.stdout.write(
    `${table(results)}\n\np99 beside sick endpoints: ${ratio(sick)} × without them; naive pool: ${ratio(naive)} ×\n`,
  );
}

if (import.meta.main) await run(process.argv.slice(2));
