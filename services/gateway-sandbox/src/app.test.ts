import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { startSandbox } from "./testing/sandbox.ts";

it("listens on the loopback address and names itself by the port it got", async () => {
  await using app = await createApp(readConfig({ PORT: "0" }));
  expect(app.address.host).toBe("127.0.0.1");
  expect(app.address.port).toBeGreaterThan(0);
  expect(app.url).toBe(`http://localhost:${app.address.port}`);
  expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
});

it("leads customers to its public address where one is configured", async () => {
  await using sandbox = await startSandbox({ SANDBOX_PUBLIC_URL: "https://pay.test" });
  const { body } = await sandbox.postSession(sandbox.order());
  expect(sandbox.app.url).toBe("https://pay.test");
  expect(body.GatewayPageURL).toMatch(/^https:\/\/pay\.test\/gwprocess\/v4\/gw\.php\?/);
});

it("takes its time from the clock that it is given", async () => {
  await using app = await createApp(readConfig({ PORT: "0" }), { clock: { now: () => 1_000_000 } });
  const call = async (advanceMs: number) => {
    const body = JSON.stringify({ advanceMs });
    const response = await fetch(`${app.url}/_sandbox/clock`, { method: "POST", body });
    return ((await response.json()) as { now: number }).now;
  };
  expect([await call(0), await call(500), await call(0)]).toEqual([1_000_000, 1_000_500, 1_000_500]);
});

it("stops at once even when a client is in the middle of a request", async () => {
  const app = await createApp(readConfig({ PORT: "0" }));
  const client = connect(app.address.port, app.address.host);
  client.on("error", () => undefined);
  client.write("POST /gwprocess/v4/api.php HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nstore_id=");
  await fetch(`${app.url}/healthz`);
  const begun = performance.now();
  await app[Symbol.asyncDispose]();
  expect(performance.now() - begun).toBeLessThan(1_000);
  client.destroy();
});

it("refuses a port that is taken, without hanging", async () => {
  await using app = await createApp(readConfig({ PORT: "0" }));
  await expect(createApp(readConfig({ PORT: String(app.address.port) }))).rejects.toThrow("EADDRINUSE");
});

it.each(["SIGTERM", "SIGINT"] as const)("runs as a process that ends cleanly on %s", async (signal) => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn(process.execPath, [main], { env: { PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(line.toString()).toMatch(/^gateway-sandbox is listening on http:\/\/localhost:\d+\n$/);
  child.kill(signal);
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("does not start in production", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { PORT: "0", NODE_ENV: "production" },
    stdio: "ignore",
  });
  expect(await once(child, "exit")).toEqual([1, null]);
});
