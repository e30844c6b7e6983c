import { createSocket } from "node:dgram";
import { createServer, isIPv6 } from "node:net";

export type Records = {
  /** A or AAAA, each answered to its own question. */
  readonly addresses: readonly string[];
  /** Names that lead from the one that was asked to that of the addresses, each by a CNAME. */
  readonly aliases?: readonly string[];
  readonly ttlSeconds?: number;
};

/** A DNS server on loopback that answers as `answer` says; null is silence, an empty list "no such name". */
export type DnsServer = AsyncDisposable & {
  /** `127.0.0.1:40053` */
  readonly address: string;
  readonly questions: readonly string[];
};

const A = 1;
const CNAME = 5;
const AAAA = 28;
const TRUNCATED = 0x0200;
const DATAGRAM = 512;

function encodeName(name: string): Buffer {
  const labels = name
    .split(".")
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let size = message[at] ?? 0; size > 0; size = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + size));
    at += size + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((g) => Number.parseInt(g, 16));
  const [front, back] = [groups(head), groups(tail)];
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}

function record(name: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([name, fixed, data]);
}

function encodeReply(question: Buffer, end: number, records: Records): Buffer {
  const type = question.readUInt16BE(end);
  const { addresses, aliases = [], ttlSeconds = 30 } = records;
  const fitting = addresses.filter(
    (address) => (type === AAAA) === isIPv6(address) && (type === A || type === AAAA),
  );
  const owners = [Buffer.from([0xc0, 12]), ...aliases.map(encodeName)];
  const owner = owners.at(-1) ?? Buffer.alloc(0);
  const answers = fitting.map((address) => {
    const data = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
    return record(owner, type, ttlSeconds, data);
  });
  const chain = aliases.map((alias, i) => record(owners[i] ?? owner, CNAME, ttlSeconds, encodeName(alias)));
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(addresses.length === 0 ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(chain.length + answers.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question.subarray(12, end + 4), ...chain, ...answers]);
}

/** What does not fit into a datagram is asked for again over a connection. */
function truncated(whole: Buffer, end: number): Buffer {
  if (whole.length <= DATAGRAM) return whole;
  const cut = Buffer.from(whole.subarray(0, end + 4));
  cut.writeUInt16BE(cut.readUInt16BE(2) | TRUNCATED, 2);
  cut.writeUInt16BE(0, 6);
  return cut;
}

export async function openDnsServer(answer: (name: string) => Records | null): Promise<DnsServer> {
  const questions: string[] = [];
  const reply = (question: Buffer): { readonly whole: Buffer; readonly end: number } | null => {
    const { name, end } = readName(question);
    questions.push(name);
    const records = answer(name.toLowerCase());
    return records && { whole: encodeReply(question, end, records), end };
  };
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const made = reply(message);
    if (made) socket.send(truncated(made.whole, made.end), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.on("data", (chunk: Buffer) => {
      const made = reply(chunk.subarray(2));
      if (!made) return;
      const size = Buffer.alloc(2);
      size.writeUInt16BE(made.whole.length);
      connection.write(Buffer.concat([size, made.whole]));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${port}`,
    questions,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
