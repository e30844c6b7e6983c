import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../application/ports.ts";
import { type DnsServer, openDnsServer, type Records } from "../../testing/dns-server.ts";
import { openRawSink } from "../../testing/raw-sink.ts";
import { answer, openSink } from "../../testing/sink.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { createAddressResolver } from "./address-resolver.ts";
import { undiciSender } from "./webhook-sender.ts";

// Real: sockets, the HTTP client, the resolver over UDP. Doubles: the receivers and the DNS server, which lie.

const DEADLINE_MS = 900;

function senderOf(allow: readonly string[], dns?: DnsServer) {
  const policy = createAddressPolicy(allow);
  const servers = dns ? [dns.address] : [];
  const resolver = createAddressResolver({ policy, servers, timeoutMs: 100 });
  return undiciSender({ policy, resolver, deadlineMs: DEADLINE_MS, connectionsPerHost: 8 });
}

let sent = 0;
type Sender = ReturnType<typeof senderOf>;
function send(sender: Sender, url: string): Promise<Answer> {
  sent += 1;
  return sender.send({ url, headers: { "webhook-signature": `v1,${sent}` }, body: Buffer.from("{}") });
}

const say =
  (...lines: readonly string[]) =>
  (socket: Socket): void => {
    socket.write(lines.join("\r\n"));
  };

function dripping(first: string, drop: string) {
  return (socket: Socket): void => {
    socket.write(first);
    const timer = setInterval(() => socket.write(drop), 40);
    socket.on("close", () => clearInterval(timer));
  };
}

const HEAD = "HTTP/1.1 200 OK";
const RECEIVERS: Readonly<
  Record<string, readonly [play: (socket: Socket) => void, outcome: string, error: string | null]>
> = {
  "never answers": [() => undefined, "TIMEOUT", "TIMEOUT_"],
  "drips its headers": [dripping(`${HEAD}\r\n`, "x: y\r\n"), "TIMEOUT", "TIMEOUT_"],
  "drips its body": [dripping(`${HEAD}\r\ncontent-length: 900000\r\n\r\n`, "x"), "TIMEOUT", "TIMEOUT_TOTAL"],
  "never ends its body": [say(HEAD, "content-length: 10", "", "abc"), "TIMEOUT", "TIMEOUT_TOTAL"],
  "floods with 1xx": [dripping("", "HTTP/1.1 102 Processing\r\n\r\n"), "TIMEOUT", "TIMEOUT_"],
  "sends huge headers": [say(HEAD, `x: ${"y".repeat(40_000)}`, "", ""), "HTTP", "RESPONSE_INVALID"],
  "speaks nonsense": [say("SSH-2.0-OpenSSH_9.9", ""), "HTTP", "RESPONSE_INVALID"],
  "resets after its headers": [
    (socket) => {
      socket.write(`${HEAD}\r\ncontent-length: 100\r\n\r\nabc`);
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
    "CONNECT",
    "CONNECTION_RESET",
  ],
  "closes without a word": [(socket) => socket.destroy(), "CONNECT", "CONNECTION_RESET"],
  "speaks HTTP/1.0": [
    (socket) => {
      socket.end("HTTP/1.0 204 No Content\r\n\r\n");
    },
    "OK",
    null,
  ],
  "sends ten megabytes": [
    (socket) => {
      socket.write(`${HEAD}\r\ncontent-length: 10485760\r\n\r\n`);
      socket.write(Buffer.alloc(10_485_760));
    },
    "OK",
    null,
  ],
};

describe("a receiver that", () => {
  for (const [what, [play, outcome, error]] of Object.entries(RECEIVERS)) {
    it(`${what} is cut off in time and named ${outcome}`, async () => {
      await using sink = await openRawSink(play);
      await using sender = senderOf(["127.0.0.0/8"]);
      const got = await send(sender, sink.url);
      expect(got.finding.outcome).toBe(outcome);
      if (error === null) expect(got.finding.error).toBeNull();
      else expect(got.finding.error).toContain(error);
      expect(got.totalMs).toBeLessThan(DEADLINE_MS * 2);
      expect(got.remoteAddress).toBe("127.0.0.1");
    });
  }

  it("stalls in the TLS handshake is cut off in time", async () => {
    await using sink = await openRawSink(() => undefined, { isEager: true });
    await using sender = senderOf(["127.0.0.0/8"]);
    const got = await send(sender, sink.url.replace("http:", "https:"));
    expect(got.finding.outcome).toBe("TIMEOUT");
    expect(got.totalMs).toBeLessThan(DEADLINE_MS * 2);
  });
});

describe("DNS", () => {
  // A trap on a port that is allowed everywhere: only the address can save it.
  const TRAP = { host: "127.0.0.77", port: 8_443, isEager: true };
  const LIES: Readonly<Record<string, Records>> = {
    "loopback.example": { addresses: ["127.0.0.77"] },
    "private.example": { addresses: ["10.0.0.1"] },
    "metadata.example": { addresses: ["169.254.169.254"] },
    "mixed.example": { addresses: ["93.184.216.34", "127.0.0.77"] },
    "chain.example": { addresses: ["127.0.0.77"], alias: "inner.example" },
    "six.example": { addresses: ["::1"] },
    "mapped.example": { addresses: ["::ffff:7f00:4d"] },
    "nat64.example": { addresses: ["64:ff9b::7f00:4d"] },
    "many.example": { addresses: [...Array.from({ length: 25 }, () => "93.184.216.34"), "127.0.0.77"] },
    "unique.example": { addresses: ["fd00:ec2::254"] },
  };

  it("sends no byte to an address that is denied, whatever the names and spellings say", async () => {
    await using trap = await openRawSink((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"), TRAP);
    await using dns = await openDnsServer((name) => LIES[name] ?? { addresses: [] });
    await using sender = senderOf([], dns);
    const literals = [
      "127.0.0.77",
      "2130706509",
      "0x7f.0x4d",
      "0177.0.0.77",
      "127.77",
      "[::ffff:7f00:4d]",
      "①②⑦.0.0.77",
    ];
    for (const host of [...Object.keys(LIES), "LOOPBACK.example", "loopback.example.", ...literals]) {
      const got = await send(sender, `https://${host}:8443/hook`);
      expect(got.finding, host).toEqual({ outcome: "BLOCKED", error: "ADDRESS_BLOCKED" });
      expect(got.remoteAddress, host).toBeNull();
    }
    for (const port of [22, 25]) {
      const got = await send(sender, `https://mixed.example:${port}/`);
      expect(got.finding.outcome).toBe("BLOCKED");
    }
    expect([trap.connections(), trap.bytes()]).toEqual([0, 0]);
    // The trap would have told: the same name reaches it once its address is allowed.
    await using allowed = senderOf(["127.0.0.77/32"], dns);
    await send(allowed, "https://loopback.example:8443/");
    expect(trap.connections()).toBe(1);
  });

  it("cannot be used to move a name to a denied address between check and connection", async () => {
    await using trap = await openRawSink((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"), {
      host: "127.0.0.78",
    });
    await using sink = await openRawSink(
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
      {
        port: trap.port,
      },
    );
    let turn = 0;
    await using dns = await openDnsServer(() => ({
      addresses: [turn++ % 3 === 0 ? "127.0.0.1" : "127.0.0.78"],
      ttlSeconds: 0,
    }));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    const outcomes = [];
    for (let i = 0; i < 12; i++)
      outcomes.push((await send(sender, `http://rebind.example:${sink.port}/`)).finding.outcome);
    expect(new Set(outcomes)).toContain("BLOCKED");
    expect([trap.connections(), trap.bytes()]).toEqual([0, 0]);
  });

  it("that is silent for some names delays no others, and is asked once for many", async () => {
    await using sink = await openSink(answer(200));
    const known = { addresses: ["127.0.0.1"] };
    await using dns = await openDnsServer((name) => (name.startsWith("dead") ? null : known));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    const dead = Array.from({ length: 12 }, (_, i) =>
      send(sender, `http://dead${i % 3}.example:${sink.port}/`),
    );
    const healthy: number[] = [];
    for (let i = 0; i < 10; i++)
      healthy.push((await send(sender, `http://live${i}.example:${sink.port}/`)).totalMs);
    // The resolver stretches its own time limits by what it has seen; the deadline holds anyway.
    for (const got of await Promise.all(dead)) expect(["DNS", "TIMEOUT"]).toContain(got.finding.outcome);
    // The median: a busy machine may delay one, a stalled resolver would delay all.
    expect(healthy.sort((a, b) => a - b)[5]).toBeLessThan(150);
    expect(dns.questions.filter((name) => name === "dead0.example").length).toBeLessThanOrEqual(4);
  });

  it("that knows no name any more is our own fault, and theirs again as soon as one is known", async () => {
    await using dns = await openDnsServer((name) =>
      name === "live.example" ? { addresses: ["127.0.0.1"] } : { addresses: [] },
    );
    await using sink = await openSink(answer(200));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    const outcomes: string[] = [];
    for (let i = 0; i < 25; i++)
      outcomes.push((await send(sender, `http://gone${i}.example:1/`)).finding.outcome);
    expect(outcomes.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => "DNS"));
    expect(outcomes.slice(19)).toEqual(Array.from({ length: 6 }, () => "LOCAL"));
    expect((await send(sender, `http://live.example:${sink.port}/`)).finding.outcome).toBe("OK");
    expect((await send(sender, "http://gone99.example:1/")).finding.outcome).toBe("DNS");
  });
});
