import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Answer } from "../../application/ports.ts";
import { CERTIFICATE, CERTIFICATE_KEY } from "../../testing/certificate.ts";
import { type DnsServer, openDnsServer } from "../../testing/dns-server.ts";
import { openSink } from "../../testing/sink.ts";
import { createEgress } from "./egress.ts";

// Real: sockets, TLS, the HTTP client. Doubles: a proxy that keeps a journal of what it was asked for.

type TestProxy = AsyncDisposable & { readonly port: number; readonly asked: IncomingMessage[] };

/** `status` other than 200 is its answer to everybody; null is silence. */
async function openProxy(status: number | null = 200): Promise<TestProxy> {
  const asked: IncomingMessage[] = [];
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => undefined);
  };
  const server = createServer();
  server.on("connection", keep);
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(request);
    if (status === null) return;
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    keep(target);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

let dns: DnsServer;
beforeAll(async () => {
  dns = await openDnsServer((name) => ({ addresses: [name === "bad.example" ? "10.0.0.1" : "127.0.0.1"] }));
});
afterAll(() => dns[Symbol.asyncDispose]());

async function send(url: string, proxyPort: number, user = ""): Promise<Answer> {
  const proxy = new URL(`http://${user}127.0.0.1:${proxyPort}`);
  const egress = createEgress({ allowCidrs: ["127.0.0.1/32"], dnsServers: [dns.address], proxy });
  await using sender = egress.openSender({
    deadlineMs: 1_500,
    connectionsPerHost: 4,
    onBodySent: () => undefined,
  });
  return await sender.send({ url, headers: { "webhook-signature": "v1,x" }, body: Buffer.from("{}") });
}

it("asks the proxy for the address that was vetted, not for the name", async () => {
  await using proxy = await openProxy();
  await using sink = await openSink();
  const got = await send(`http://shop.example:${sink.port}/hook`, proxy.port, "user:w%3Ard@");
  expect(got).toMatchObject({ finding: { outcome: "OK" }, remoteAddress: "127.0.0.1" });
  expect(proxy.asked.map(({ url }) => url)).toEqual([`127.0.0.1:${sink.port}`]);
  const credentials = Buffer.from("user:w:rd").toString("base64");
  expect(proxy.asked[0]?.headers["proxy-authorization"]).toBe(`Basic ${credentials}`);
  expect(sink.received[0]?.headers.host).toBe(`shop.example:${sink.port}`);
  expect(JSON.stringify(sink.received[0]?.headers)).not.toContain(credentials);
});

it("verifies the receiver's certificate through the tunnel", async () => {
  await using proxy = await openProxy();
  const server = createTlsServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_, response) =>
    response.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, CERTIFICATE]);
  try {
    expect((await send(`https://shop.example:${port}/`, proxy.port)).finding.outcome).toBe("OK");
    expect((await send(`https://other.example:${port}/`, proxy.port)).finding.error).toBe("TLS_INVALID");
  } finally {
    setDefaultCACertificates(trusted);
    server.close();
    server.closeAllConnections();
  }
});

it("asks for nothing that is denied", async () => {
  await using proxy = await openProxy();
  expect((await send("https://bad.example/", proxy.port)).finding.outcome).toBe("BLOCKED");
  expect((await send("https://169.254.169.254/", proxy.port)).finding.outcome).toBe("BLOCKED");
  expect(proxy.asked).toEqual([]);
});

it("charges nobody for a proxy that fails, and the endpoint for what the proxy cannot reach", async () => {
  const gone = await openProxy();
  await gone[Symbol.asyncDispose]();
  expect((await send("http://shop.example:9/", gone.port)).finding.outcome).toBe("LOCAL");
  for (const [status, outcome] of [
    [407, "LOCAL"],
    [500, "LOCAL"],
    [null, "LOCAL"],
    [502, "CONNECT"],
    [503, "CONNECT"],
    [504, "CONNECT"],
  ] as const) {
    await using proxy = await openProxy(status);
    expect((await send("http://shop.example:9/", proxy.port)).finding.outcome, String(status)).toBe(outcome);
  }
});
