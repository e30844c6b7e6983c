import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { connect, type JetStreamManager } from "nats";
import { expect, it } from "vitest";
import { type TestNats, testNats } from "./nats.ts";

async function withManager<T>(nats: TestNats, work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: nats.url });
  try {
    return await work(await connection.jetstreamManager());
  } finally {
    await connection.close();
  }
}

const addStream = (nats: TestNats): Promise<unknown> =>
  withManager(nats, (manager) => manager.streams.add({ name: "THINGS", subjects: ["things.>"] }));

const streamNames = (nats: TestNats): Promise<string[]> =>
  withManager(nats, async (manager) => {
    const names: string[] = [];
    for await (const name of manager.streams.names()) names.push(name);
    return names;
  });

it("keeps its streams over a stop and over a kill, on the same port", async () => {
  await using nats = await testNats();
  await addStream(nats);
  await nats.stop();
  await nats.start();
  expect(await streamNames(nats)).toEqual(["THINGS"]);
  await nats.kill();
  await expect(connect({ servers: nats.url })).rejects.toThrow();
  await nats.start();
  expect(await streamNames(nats)).toEqual(["THINGS"]);
});

it("forgets everything when its store is wiped", async () => {
  await using nats = await testNats();
  await addStream(nats);
  expect(() => nats.wipe()).toThrow(/stop or kill/);
  await nats.kill();
  nats.wipe();
  await nats.start();
  expect(await streamNames(nats)).toEqual([]);
});

it("leaves no folder behind", async () => {
  const nats = await testNats();
  const folder = dirname(nats.storeDir);
  expect(existsSync(folder)).toBe(true);
  await nats[Symbol.asyncDispose]();
  expect(existsSync(folder)).toBe(false);
});
