import type { StartFailure } from "../infra/start-failure.ts";
import type { DevFile } from "./dev-file.ts";

export type Printer = {
  step(name: string, ms: number, detail: string): void;
  /** Something that takes longer than a second says what it waits for. */
  waiting(name: string, what: string): void;
  ready(dev: DevFile, home: string, ms: number): void;
  failure(failure: Pick<StartFailure, "what" | "why" | "fix">, logFile: string): void;
  note(text: string): void;
};

const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** One JSON object per line, for programs. */
export function jsonPrinter(write: (line: string) => void): Printer {
  const put = (record: object): void => write(`${JSON.stringify(record)}\n`);
  return {
    step: (name, ms, detail) => put({ step: name, ms: Math.round(ms), detail }),
    waiting: (name, what) => put({ waiting: name, for: what }),
    ready: (dev, home, ms) => put({ ready: true, ms: Math.round(ms), home, ...dev }),
    failure: ({ what, why, fix }, logFile) => put({ failed: what, why, fix, log: logFile }),
    note: (text) => put({ note: text }),
  };
}

/** For people: a line per step, then what to do next. Colour only on a terminal that wants it. */
export function textPrinter(write: (line: string) => void, colour: boolean): Printer {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    step: (name, ms, detail) =>
      write(`  ${paint(32, "✓")} ${name.padEnd(16)}${duration(ms).padStart(8)}   ${paint(2, detail)}\n`),
    waiting: (name, what) => write(`  … ${name.padEnd(16)}${" ".repeat(8)}   ${paint(2, what)}\n`),
    ready: (dev, home, ms) => write(readyText(dev, home, ms, (text) => paint(1, text))),
    failure: ({ what, why, fix }, logFile) =>
      write(
        `\n  ${paint(31, "✗")} ${paint(1, what)}\n\n  why   ${why}\n  do    ${fix}\n  log   ${logFile}\n\n`,
      ),
    note: (text) => write(`  ${text}\n`),
  };
}

function readyText(dev: DevFile, home: string, ms: number, bold: (text: string) => string): string {
  const { application, services } = dev;
  const hosts = Object.entries(services);
  return `
  API        ${dev.baseUrl}/api/v1
  Checkout   ${dev.publicUrl}/checkout/{reference}
  Sandbox    ${dev.gatewaySandbox.url ?? "none: TEST mode has a gateway account of its own"}
  gRPC       ${hosts.map(([name, { grpc }]) => `${name} ${grpc}`).join(" · ")}
  JSON       ${hosts.map(([name, { http }]) => `${name} ${http}`).join(" · ")}

  Application ${application.id} “${application.name}”, mode TEST
  Key        ${application.testApiKey}
  Secret     ${application.testApiSecret}
  Signing    ${application.signingSecret}
  (LIVE pair and everything else: ${home}/dev.json)

  ${bold("Paste this:")}
    curl -sS ${dev.baseUrl}/api/v1/payments \\
      -H 'X-Api-Key: ${application.testApiKey}' \\
      -H 'X-Api-Secret: ${application.testApiSecret}' \\
      -H 'Idempotency-Key: first-payment' -H 'Content-Type: application/json' \\
      -d '{"amountMinor":125050,"customerReference":"cust_1","productName":"Pro plan"}'
  then open the checkoutUrl it prints and choose an outcome.

  Ready in ${duration(ms)}. Ctrl-C stops everything.
`;
}
