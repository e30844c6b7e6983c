type Bench = {
  readonly about: string;
  readonly load: () => Promise<{ run(args: readonly string[]): Promise<void> }>;
};

/** Every benchmark: `tools/bench/<name>.ts` with an exported `run`. Each stops by itself and leaves nothing behind. */
const BENCHES: Readonly<Record<string, Bench>> = {
  payments: {
    about: "creating payments through REST, beside the same statement driven directly",
    load: () => import("./bench/payments.ts"),
  },
  ledger: {
    about: "posting in batches and alone, hot and spread accounts, balances of the past",
    load: () => import("./bench/ledger.ts"),
  },
  abuse: {
    about: "what a healthy merchant notices while others abuse the doors",
    load: () => import("./bench/abuse.ts"),
  },
  webhooks: {
    about: "deliveries with and without sick endpoints, beside a naive shared pool",
    load: () => import("./bench/webhooks.ts"),
  },
};

function help(): string {
  const lines = Object.entries(BENCHES).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}\n`);
  return `npm run bench -- <name> [options]\n\n${lines.join("")}\n  <name> --help   what it measures, and its options\n`;
}

const [name, ...args] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (bench) await measure(bench);
else {
  process.stdout.write(help());
  process.exitCode = name === undefined || ["help", "--help", "-h"].includes(name) ? 0 : 1;
}

async function measure({ load }: Bench): Promise<void> {
  const { run } = await load();
  await run(args).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 130;
  });
}
