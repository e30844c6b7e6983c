import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../application/ports.ts";
import { CERTIFICATE, CERTIFICATE_KEY, EXPIRED_CERTIFICATE } from "../../testing/certificate.ts";
import { type DnsServer, openDnsServer } from "../../testing/dns-server.ts";
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

function flooding(flood: string, first = "") {
  return (socket: Socket): void => {
    socket.write(first);
    const more = (): void => {
      while (!socket.destroyed && socket.write(flood));
    };
    socket.on("drain", more);
    more();
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
  "drips 1xx": [dripping("", "HTTP/1.1 102 Processing\r\n\r\n"), "TIMEOUT", "TIMEOUT_"],
  "floods with 1xx": [flooding("HTTP/1.1 102 Processing\r\n\r\n".repeat(100)), "TIMEOUT", "TIMEOUT_"],
  "says more than it announced": [say(HEAD, "content-length: 3", "", "abcdefgh"), "OK", null],
  "says less than it announced": [
    (socket) => {
      socket.end(`${HEAD}\r\ncontent-length: 100\r\n\r\nabc`);
    },
    "CONNECT",
    "CONNECTION_RESET",
  ],
  "announces two lengths": [
    say(HEAD, "content-length: 3", "content-length: 4", "", "abcd"),
    "HTTP",
    "RESPONSE_INVALID",
  ],
  "never ends its headers": [flooding("x: y\r\n".repeat(1_000), `${HEAD}\r\n`), "HTTP", "RESPONSE_INVALID"],
  "announces no number": [say(HEAD, "content-length: -3", "", "abc"), "HTTP", "RESPONSE_INVALID"],
  "announces a length and chunks": [
    say(HEAD, "content-length: 3", "transfer-encoding: chunked", "", "3", "abc", "0", "", ""),
    "HTTP",
    "RESPONSE_INVALID",
  ],
  "sends broken chunks": [
    say(HEAD, "transfer-encoding: chunked", "", "zz", "abc"),
    "HTTP",
    "RESPONSE_INVALID",
  ],
  "wants another protocol": [
    say("HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: x", "", ""),
    "CONNECT",
    "CONNECTION_RESET",
  ],
  "hints at its answer before it": [
    say("HTTP/1.1 103 Early Hints", "link: </x>", "", "HTTP/1.1 204 No Content", "", ""),
    "OK",
    null,
  ],
  "speaks HTTP/1.0 and ends its body by closing": [
    (socket) => {
      socket.end("HTTP/1.0 200 OK\r\n\r\nabc");
    },
    "OK",
    null,
  ],
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

type SecureSink = AsyncDisposable & { readonly port: number; readonly requests: () => number };

async function openSecureSink(options: ServerOptions): Promise<SecureSink> {
  let requests = 0;
  const server = createServer({ key: CERTIFICATE_KEY, ...options }, (_, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function trusting(certificates: readonly string[], work: () => Promise<void>): Promise<void> {
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, ...certificates]);
  try {
    await work();
  } finally {
    setDefaultCACertificates(trusted);
  }
}

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

  it("shows a certificate of its own making, an expired one or one for another name gets no request", async () => {
    await using good = await openSecureSink({ cert: CERTIFICATE });
    await using expired = await openSecureSink({ cert: EXPIRED_CERTIFICATE });
    await using dns = await openDnsServer(() => ({ addresses: ["127.0.0.1"] }));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    const outcome = async (host: string, { port } = good) =>
      (await send(sender, `https://${host}:${port}/`)).finding.error;
    expect(await outcome("shop.example")).toBe("TLS_INVALID");
    await trusting([CERTIFICATE, EXPIRED_CERTIFICATE], async () => {
      const refused = [outcome("other.example"), outcome("127.0.0.1"), outcome("shop.example", expired)];
      expect(await Promise.all(refused)).toEqual(["TLS_INVALID", "TLS_INVALID", "TLS_INVALID"]);
      expect(good.requests()).toBe(0);
      expect(await outcome("shop.example")).toBeNull();
    });
    expect([good.requests(), expired.requests()]).toEqual([1, 0]);
  });

  it("knows only TLS 1.1 gets no request", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await using sink = await openSecureSink({ cert: CERTIFICATE, ...old });
    await using dns = await openDnsServer(() => ({ addresses: ["127.0.0.1"] }));
    await using sender = senderOf(["127.0.0.1/32"], dns);
    await trusting([CERTIFICATE], async () => {
      const got = await send(sender, `https://shop.example:${sink.port}/`);
      expect(got.finding).toEqual({ outcome: "TLS", error: "TLS_INVALID" });
    });
    expect(sink.requests()).toBe(0);
  });

  it("stalls in the TLS handshake is cut off in time", async () => {
    await using sink = await openRawSink(() => undefined, { isEager: true });
    await using sender = senderOf(["127.0.0.0/8"]);
    const got = await send(sender, sink.url.replace("http:", "https:"));
    expect(got.finding.outcome).toBe("TIMEOUT");
    expect(got.totalMs).toBeLessThan(DEADLINE_MS * 2);
  });
});

describe("DNS", () => {
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
