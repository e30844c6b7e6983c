import { createLogger } from "@oi/platform/telemetry/logger";
import { expect, test } from "vitest";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import { CREDENTIALS, startEdge } from "./testing/edge-harness.ts";
import { openSocket } from "./testing/raw-socket.ts";

const ME = "/api/v1/app/me";

test("is alive and ready on the ops port, and only there", async () => {
  await using edge = await startEdge();
  expect((await fetch(`${edge.app.opsUrl}/healthz`)).status).toBe(200);
  expect((await fetch(`${edge.app.opsUrl}/readyz`)).status).toBe(200);
  expect((await edge.send("GET", "/healthz")).status).toBe(404);
});

test("finds its own address when the system chose the port", async () => {
  await using edge = await startEdge();
  edge.checkouts.put(CHECKOUT);
  const answer = await edge.send("GET", `/api/v1/checkout/${CHECKOUT.reference}`);
  const { port } = new URL(edge.app.url);
  const expected = `http://localhost:${port}/checkout/${CHECKOUT.reference}/pay`;
  expect(JSON.parse(answer.text).data.gatewayRedirectUrl).toBe(expected);
});

test("rejects when its port is taken, and leaves nothing behind", async () => {
  await using edge = await startEdge();
  const { port } = new URL(edge.app.url);
  await expect(startEdge({ env: { PORT: port } })).rejects.toThrow(/EADDRINUSE/);
});

test("disposing finishes what is in flight, refuses what is new, and ends kept connections", async () => {
  const edge = await startEdge();
  const idle = await openSocket(edge.app.url);
  idle.socket.write(`GET ${ME} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  await expect.poll(idle.received).toContain("401 Unauthorized");

  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  edge.payments.gate = () => {
    arrived.resolve();
    return release.promise;
  };
  const inFlight = await openSocket(edge.app.url);
  const headers = Object.entries(CREDENTIALS).map(([name, value]) => `${name}: ${value}\r\n`);
  inFlight.socket.write(`GET ${ME} HTTP/1.1\r\nhost: localhost\r\n${headers.join("")}\r\n`);
  await arrived.promise;
  const disposing = edge[Symbol.asyncDispose]();
  await idle.closed;
  await expect(edge.send("GET", ME)).rejects.toThrow(/ECONNREFUSED/);
  expect((await fetch(`${edge.app.opsUrl}/readyz`)).status).toBe(503);
  release.resolve();
  await disposing;
  await inFlight.closed;
  expect(inFlight.received()).toContain("200 OK");
  await expect(fetch(`${edge.app.opsUrl}/healthz`)).rejects.toThrow();
});

test("writes one line per request, with its id and route, and neither references nor credentials", async () => {
  const lines: string[] = [];
  const log = createLogger({
    service: "edge",
    level: "info",
    destination: { write: (line) => lines.push(line) },
  });
  await using edge = await startEdge({ log });
  edge.checkouts.put(CHECKOUT);
  await edge.call("GET", ME, undefined, { "x-request-id": "line-1" });
  await edge.send("GET", `/checkout/${CHECKOUT.reference}`, { headers: { "x-request-id": "line-2" } });
  edge.payments.failure = new Error("a bug");
  await edge.send("GET", `/checkout/${CHECKOUT.reference}`, { headers: { "x-request-id": "line-3" } });
  await expect.poll(() => lines.filter((line) => line.includes('"msg":"request"'))).toHaveLength(3);
  const parsed = lines.map((line) => JSON.parse(line));
  expect(parsed).toContainEqual(
    expect.objectContaining({
      requestId: "line-1",
      method: "GET",
      route: ME,
      status: 200,
      applicationId: 42,
    }),
  );
  const route = "/checkout/:reference";
  expect(parsed).toContainEqual(expect.objectContaining({ requestId: "line-2", route, status: 200 }));
  expect(parsed).toContainEqual(expect.objectContaining({ requestId: "line-3", reason: "INTERNAL_ERROR" }));
  const all = lines.join("");
  expect(all).not.toContain(CHECKOUT.reference);
  expect(all).not.toContain("oi_test_");
});
