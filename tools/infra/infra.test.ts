import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { withoutPassword } from "./given-database.ts";
import { lockHome } from "./lock.ts";
import { parseGreeting } from "./nats-greeting.ts";
import { choosePort, freePort } from "./ports.ts";
import { identifier, urlFor } from "./service-database.ts";
import { formatFailure } from "./start-failure.ts";

const folder = mkdtempSync(join(tmpdir(), "oi-infra-unit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening(port: number): Promise<AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

it("moves a default port up while it is taken, and never one that was asked for", async () => {
  const port = await freePort();
  await using _taken = await listening(port);
  expect(await choosePort({ variable: "X_PORT", fallback: port, env: {} })).toBeGreaterThan(port);
  await expect(
    choosePort({ variable: "X_PORT", fallback: 1, env: { X_PORT: String(port) } }),
  ).rejects.toMatchObject({
    exitCode: 65,
    fix: expect.stringContaining("X_PORT"),
  });
});

it("refuses a port that is no number or lies among the outgoing ones", async () => {
  for (const text of ["abc", "0", "32768", "80.5"]) {
    await expect(
      choosePort({ variable: "X_PORT", fallback: 1, env: { X_PORT: text } }),
    ).rejects.toMatchObject({
      exitCode: 68,
    });
  }
});

it("takes over a lock whose process is gone or whose number went to another process", () => {
  const home = join(folder, "home");
  lockHome(home)[Symbol.dispose]();
  writeFileSync(join(home, "lock"), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: "1" }));
  lockHome(home)[Symbol.dispose]();
  writeFileSync(join(home, "lock"), JSON.stringify({ pid: process.ppid, startedAt: "never" }));
  lockHome(home)[Symbol.dispose]();
  writeFileSync(join(home, "lock"), "half a lo");
  lockHome(home)[Symbol.dispose]();
});

it("hides the password of an address", () => {
  expect(withoutPassword("postgres://me:p%40ss@db:5432/x")).toBe("postgres://me:***@db:5432/x");
  expect(withoutPassword("postgres://db/x")).toBe("postgres://db/x");
});

it("quotes only names of our own kind", () => {
  expect(identifier("oi_payments")).toBe('"oi_payments"');
  expect(() => identifier('x"; drop database y')).toThrow(/not a name/);
  expect(urlFor("postgres://a:b@h:1/postgres", { name: "r", password: "p" }, "d")).toBe(
    "postgres://r:p@h:1/d",
  );
});

it("understands a NATS server's greeting and nothing else", () => {
  expect(parseGreeting('INFO {"server_name":"a","version":"2.9.10","jetstream":true} \r\n')).toEqual({
    serverName: "a",
    version: "2.9.10",
    hasJetStream: true,
  });
  expect(parseGreeting("HTTP/1.1 400 Bad Request\r\n")).toBeNull();
});

it("prints a failure as one block", () => {
  const block = formatFailure({ exitCode: 66, what: "it broke", why: "one\ntwo", fix: "mend it" });
  expect(block).toBe("\n  ✗ it broke\n\n  why   one\n        two\n  do    mend it\n");
});
