import { createServer, type Server, type Socket } from "node:net";
import { eventually } from "@oi/testkit/eventually";
import type { NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { lifeOf, openNats } from "./nats-link.ts";

const INFO = { server_id: "A", version: "2.10.0", headers: true, max_payload: 1_048_576, jetstream: true };

/** As much of a broker as a connection needs to be made and kept. */
let broker: Server;
const guests = new Set<Socket>();
let count = 0;

beforeAll(async () => {
  broker = createServer((socket) => {
    guests.add(socket);
    count += 1;
    socket.on("error", () => {});
    socket.on("close", () => guests.delete(socket));
    socket.on("data", (data) => {
      if (data.includes("PING")) socket.write("PONG\r\n");
    });
    socket.write(`INFO ${JSON.stringify({ ...INFO, client_id: count })}\r\n`);
  });
  await new Promise<void>((resolve) => broker.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  for (const socket of guests) socket.destroy();
});

afterAll(() => new Promise((resolve) => broker.close(resolve)));

function url(): string {
  const address = broker.address();
  return `nats://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

const open = () => openNats({ url: url(), name: "test" });

type Internals = { readonly protocol: { readonly transport: { readonly socket: Socket } } };
const socketOf = (connection: NatsConnection): Socket =>
  (connection as unknown as Internals).protocol.transport.socket;

describe("the link", () => {
  it("is made in the background, and is nobody's while the broker is away", async () => {
    await using link = open();
    expect(link.current()).toBeNull();
    const connection = await link.connection();
    expect(link.current()).toBe(connection);
    for (const socket of guests) socket.destroy();
    await eventually(() => expect(link.current()).toBeNull());
  });

  it("comes back by itself, as another life", async () => {
    await using link = open();
    const before = lifeOf(await link.connection());
    for (const socket of guests) socket.destroy();
    await eventually(() => expect(link.current()).toBeNull());
    const again = await eventually(() => {
      const connection = link.current();
      expect(connection).not.toBeNull();
      return connection;
    });
    expect(again && lifeOf(again)).not.toBe(before);
  });

  it("closes while it was never made, and tells who waited for it", async () => {
    const link = openNats({ url: "nats://127.0.0.1:1", name: "test" });
    const waiting = expect(link.connection()).rejects.toThrow(/closed/);
    await link[Symbol.asyncDispose]();
    await waiting;
    expect(link.current()).toBeNull();
  });

  it("survives that the broker goes away in the moment in which it is closed", async () => {
    const ended = vi.fn();
    process.on("uncaughtExceptionMonitor", ended);
    for (let i = 0; i < 10; i++) {
      const link = open();
      const connection = await link.connection();
      const socket = socketOf(connection);
      const closing = Promise.withResolvers<void>();
      // A last write on a socket that has ended fails after the client has taken its listeners off it.
      socket.on("end", () => {
        connection.publish("things", "one");
        queueMicrotask(() => closing.resolve(link[Symbol.asyncDispose]()));
      });
      for (const guest of guests) guest.end();
      await closing.promise;
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.off("uncaughtExceptionMonitor", ended);
    expect(ended).not.toHaveBeenCalled();
  });
});
