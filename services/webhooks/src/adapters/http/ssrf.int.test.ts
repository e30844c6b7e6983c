import { isIPv6 } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Answer } from "../../application/ports.ts";
import { DENIED, SPELLINGS } from "../../testing/denied-addresses.ts";
import { type DnsServer, openDnsServer, type Records } from "../../testing/dns-server.ts";
import { openRawSink } from "../../testing/raw-sink.ts";
import { answer, openSink } from "../../testing/sink.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { createAddressResolver } from "./address-resolver.ts";
import { undiciSender } from "./webhook-sender.ts";

// Real: sockets, the HTTP client, the resolver over UDP and TCP. Doubles: a DNS server that lies.
// Oracle: traps that record every connection and every byte.

function senderOf(allow: readonly string[], dns: DnsServer) {
  const policy = createAddressPolicy(allow);
  const resolver = createAddressResolver({ policy, servers: [dns.address], timeoutMs: 200 });
  return undiciSender({ policy, resolver, deadlineMs: 1_500, connectionsPerHost: 8 });
}

let sent = 0;
function send(sender: ReturnType<typeof senderOf>, url: string): Promise<Answer> {
  sent += 1;
  return sender.send({ url, headers: { "webhook-signature": `v1,${sent}` }, body: Buffer.from("{}") });
}

// On a port that is allowed everywhere: only the address can save them.
const PORT = 8_443;
const openTrap = (host: string, port = PORT) =>
  openRawSink((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"), { host, port, isEager: true });

const PUBLIC = "93.184.216.34";
const LIES: Readonly<Record<string, Records>> = {
  "loopback.example": { addresses: ["127.0.0.77"] },
  "last.example": { addresses: [PUBLIC, "127.0.0.77"] },
  "first.example": { addresses: ["127.0.0.77", PUBLIC] },
  "families.example": { addresses: [PUBLIC, "::1"] },
  "alias.example": { addresses: ["127.0.0.77"], aliases: ["inner.example"] },
  "chain.example": {
    addresses: ["127.0.0.77"],
    aliases: ["a.example", "b.example", "c.example", "d.example"],
  },
  "many.example": { addresses: [...Array.from({ length: 299 }, () => PUBLIC), "127.0.0.77"] },
};
const RESOLVED = Object.fromEntries(
  DENIED.map((address, i): [string, Records] => [
    `r${i}.example`,
    { addresses: [isIPv6(address) ? address.replace(/^::ffff:127\.0\.0\.1$/, "::ffff:7f00:1") : address] },
  ]),
);

afterEach(() => {
  vi.useRealTimers();
});

describe("no byte goes to an address that is denied", () => {
  it("whatever names resolve to, however hosts are spelled, on any port", async () => {
    await using trap = await openTrap("127.0.0.77");
    await using one = await openTrap("127.0.0.1");
    const names = { ...LIES, ...RESOLVED };
    await using dns = await openDnsServer((name) => names[name] ?? { addresses: [] });
    await using sender = senderOf([], dns);
    const literals = DENIED.map((address) => (isIPv6(address) ? `[${address}]` : address));
    const hosts = [...Object.keys(names), "LOOPBACK.example", "loopback.example.", ...SPELLINGS.split(" ")];
    for (const host of [...hosts, ...literals]) {
      const got = await send(sender, `https://${host}:${PORT}/hook`);
      expect(got.finding, host).toEqual({ outcome: "BLOCKED", error: "ADDRESS_BLOCKED" });
      expect(got.remoteAddress, host).toBeNull();
    }
    for (const host of ["localhost", "localhost.", "a.localhost", "LocalHost", "metadata.google.internal"]) {
      const got = await send(sender, `https://${host}:${PORT}/`);
      expect(["BLOCKED", "DNS"], host).toContain(got.finding.outcome);
    }
    for (const port of [22, 25, 80, 6_379]) {
      const got = await send(sender, `https://families.example:${port}/`);
      expect(got.finding.outcome, String(port)).toBe("BLOCKED");
    }
    for (const each of [trap, one]) expect([each.connections(), each.bytes()]).toEqual([0, 0]);
    // The trap would have told: the same names reach it once its address is allowed.
    await using allowed = senderOf(["127.0.0.77/32"], dns);
    await send(allowed, `https://chain.example:${PORT}/`);
    expect(trap.connections()).toBe(1);
  }, 30_000);

  it("when an answer redirects there", async () => {
    await using trap = await openTrap("127.0.0.79", 0);
    const locations = [`http://127.0.0.79:${trap.port}/`, "http://169.254.169.254/latest/meta-data/"];
    await using dns = await openDnsServer(() => ({ addresses: ["127.0.0.1"] }));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    for (const location of locations) {
      for (const status of [301, 302, 307, 308]) {
        await using sink = await openSink(answer(status, { location, refresh: `0; url=${location}` }));
        const got = await send(sender, `http://hop.example:${sink.port}/`);
        expect(got).toMatchObject({ status, finding: { error: "REDIRECT_REFUSED" } });
      }
    }
    expect([trap.connections(), trap.bytes()]).toEqual([0, 0]);
  });

  it("when a name moves there between check and connection", async () => {
    await using trap = await openTrap("127.0.0.78", 0);
    const ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    await using sink = await openRawSink((socket) => socket.end(ok), { port: trap.port });
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

  it("when a name that promised to stay for a day moves there: an answer is believed for a minute", async () => {
    await using trap = await openTrap("127.0.0.78", 0);
    await using sink = await openSink(answer(200, { connection: "close" }));
    let address = "127.0.0.1";
    await using dns = await openDnsServer(() => ({ addresses: [address], ttlSeconds: 86_400 }));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    vi.useFakeTimers({ toFake: ["performance"], now: 1_000 });
    const outcome = async () => (await send(sender, `http://stay.example:${sink.port}/`)).finding.outcome;
    expect(await outcome()).toBe("OK");
    address = "127.0.0.78";
    vi.advanceTimersByTime(59_000);
    expect(await outcome()).toBe("OK");
    vi.advanceTimersByTime(2_000);
    expect(await outcome()).toBe("BLOCKED");
    expect([trap.connections(), trap.bytes(), sink.received.length]).toEqual([0, 0, 2]);
  });
});
