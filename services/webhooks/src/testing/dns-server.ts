import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";

export type Records = {
  /** A or AAAA, each answered to its own question; `alias` makes a CNAME in front of them. */
  readonly addresses: readonly string[];
  readonly alias?: string;
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

function reply(question: Buffer, end: number, records: Records): Buffer {
  const type = question.readUInt16BE(end);
  const { addresses, alias, ttlSeconds = 30 } = records;
  const fitting = addresses.filter(
    (address) => (type === AAAA) === isIPv6(address) && (type === A || type === AAAA),
  );
  const asked = Buffer.from([0xc0, 12]);
  const owner = alias ? encodeName(alias) : asked;
  const answers = fitting.map((address) => {
    const data = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
    return record(owner, type, ttlSeconds, data);
  });
  if (alias) answers.unshift(record(asked, CNAME, ttlSeconds, encodeName(alias)));
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(addresses.length === 0 ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(answers.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question.subarray(12, end + 4), ...answers]);
}

export async function openDnsServer(answer: (name: string) => Records | null): Promise<DnsServer> {
  const questions: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const { name, end } = readName(message);
    questions.push(name);
    const records = answer(name.toLowerCase());
    if (records) socket.send(reply(message, end, records), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
