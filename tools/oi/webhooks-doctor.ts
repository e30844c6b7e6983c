import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Codec, diagnose } from "../../services/webhooks/src/domain/signature-doctor.ts";

const USAGE = `Says why the signature of a webhook does not verify.

  oi webhooks doctor --headers FILE --body FILE --secret whsec_… [--computed SIGNATURE] [--now SECONDS] [--json]

  --headers   one "name: value" per line, as they arrived     --secret    or the variable OI_WEBHOOK_SECRET
  --body      the bytes, as they arrived                      --computed  what your own code made of them
  --now       when it was verified; without it the time is checked against the clock; "any" leaves it unchecked

  oi webhooks doctor --headers headers.txt --body body.json --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
  oi webhooks doctor --headers headers.txt --body body.json --computed 5d41402abc4b2a76b9719d911017c592 --json

Ends with 0 for a good signature, 1 for a bad one, 2 when it cannot be looked at.
`;

const codec: Codec = {
  hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest(),
  bytes: (text, encoding) => Buffer.from(text, encoding),
  text: (bytes, encoding) => Buffer.from(bytes).toString(encoding),
};

function readHeaders(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^([^:\s]+)\s*:\s*(.*)$/.exec(line.trim()));
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1] ?? "", match[2] ?? ""]] : [])));
}

function readOptions(args: readonly string[]) {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      headers: text,
      body: text,
      secret: text,
      computed: text,
      now: text,
      json: { type: "boolean" },
    },
  });
  const { headers, body, computed, now, json } = values;
  const secret = values.secret ?? process.env.OI_WEBHOOK_SECRET;
  if (headers === undefined || body === undefined || secret === undefined)
    throw new Error("--headers, --body and --secret are needed");
  if (now !== undefined && now !== "any" && !/^\d+$/.test(now))
    throw new Error("--now is a number of seconds");
  const clock = now === undefined ? Math.floor(Date.now() / 1_000) : Number(now);
  return {
    evidence: {
      headers: readHeaders(readFileSync(headers, "utf8")),
      body: readFileSync(body),
      secrets: [secret],
      others: [],
      computed: computed ?? null,
      nowSeconds: now === "any" ? null : clock,
    },
    isJson: json === true,
  };
}

/** Sets the exit code; never prints the secret. */
export async function run(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  try {
    const { evidence, isJson } = readOptions(args);
    const found = diagnose(evidence, codec);
    process.exitCode = found.isValid ? 0 : 1;
    if (isJson) {
      process.stdout.write(`${JSON.stringify(found)}\n`);
      return;
    }
    const facts = Object.entries(found.details).map(([name, value]) => `  ${name}: ${value}\n`);
    const lines = found.isValid
      ? `ok: ${found.message}\n`
      : `${found.cause}: ${found.message}\n  what to do: ${found.hint}\n`;
    process.stdout.write(lines + facts.join(""));
  } catch (error) {
    process.exitCode = 2;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

if (import.meta.main) await run(process.argv.slice(2));
