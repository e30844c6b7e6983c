type Command = {
  readonly usage: string;
  readonly about: string;
  readonly load: () => Promise<{ run(args: readonly string[]): Promise<void> }>;
};

/** Every command by its words; each lies in `tools/oi/` and exports `run`, which explains itself with `--help`. */
const COMMANDS: Readonly<Record<string, Command>> = {
  "ledger trial-balance": {
    usage: "ledger trial-balance --application ID --mode TEST|LIVE",
    about: "every account's debits and credits, and each currency's totals",
    load: () => import("./oi/ledger-trial-balance.ts"),
  },
  "ledger export": {
    usage: "ledger export --format csv|hledger|beancount --application ID --mode TEST|LIVE",
    about: "the book as a file, with every balance asserted; the same book gives the same bytes",
    load: () => import("./oi/ledger-export.ts"),
  },
  "ledger verify": {
    usage: "ledger verify --application ID --mode TEST|LIVE",
    about: "recomputes the book; ends with 1 and names the first break when there is one",
    load: () => import("./oi/ledger-verify.ts"),
  },
  "webhooks doctor": {
    usage: "webhooks doctor --headers FILE --body FILE --secret whsec_…",
    about: "says why the signature of a webhook does not verify",
    load: () => import("./oi/webhooks-doctor.ts"),
  },
  "sandbox-smoke": {
    usage: "sandbox-smoke FOLDER",
    about: "asks the gateway's own sandbox and keeps what it answers",
    load: () => import("./oi/sandbox-smoke.ts"),
  },
};

function help(): string {
  const lines = Object.values(COMMANDS).map(({ usage, about }) => `  ${usage}\n      ${about}\n`);
  return `npm run oi -- <command> [options]

${lines.join("")}
A running system is found through $OI_HOME/dev.json (npm start writes it), or named: --url HOST:PORT of the service's
gRPC door. An answer goes to standard output, everything else to standard error.
`;
}

const words = process.argv.slice(2);
const name = Object.keys(COMMANDS).find((one) => one.split(" ").every((word, i) => words[i] === word));
const command = name === undefined ? undefined : COMMANDS[name];
if (command && name !== undefined) {
  const { run } = await command.load();
  await run(words.slice(name.split(" ").length)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
} else {
  const isAsked = words.length === 0 || words.some((word) => ["help", "--help", "-h"].includes(word));
  (isAsked ? process.stdout : process.stderr).write(help());
  process.exitCode = isAsked ? 0 : 2;
}
