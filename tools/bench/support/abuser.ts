import { randomBytes } from "node:crypto";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { answerTasks } from "./worker.ts";

export type Abuse = {
  readonly kind: "slow clients" | "fuzzed bodies" | "wrong secrets" | "http/2 resets";
  readonly baseUrl: string;
  readonly grpc: string;
  readonly apiKey: string;
  readonly seconds: number;
};

/** How much was thrown at the service, and by which words it answered. */
export type Abused = { readonly attempts: number; readonly answers: Readonly<Record<string, number>> };

const SLOW_SOCKETS = 300;
const SECRETS_PER_SECOND = 500;
const RESETS_PER_SECOND = 500;
const FUZZ_CONNECTIONS = 2;

function counter() {
  const answers: Record<string, number> = {};
  const count = (word: string): void => {
    answers[word] = (answers[word] ?? 0) + 1;
  };
  return { answers, count };
}

/** Opens sockets that send a header byte by byte, and opens another for each that is cut off. */
async function slowClients({ baseUrl, seconds }: Abuse): Promise<Abused> {
  const { hostname, port } = new URL(baseUrl);
  const { answers, count } = counter();
  const untilMs = performance.now() + seconds * 1_000;
  const open = new Set<Socket>();
  let attempts = 0;
  while (performance.now() < untilMs) {
    while (open.size < SLOW_SOCKETS) {
      attempts += 1;
      const socket = connect(Number(port), hostname, () =>
        socket.write("POST /api/v1/payments HTTP/1.1\r\nHost: localhost\r\nX-A: "),
      );
      socket
        .on("error", () => undefined)
        .on("close", () => {
          open.delete(socket);
          count("closed");
        });
      open.add(socket);
    }
    for (const socket of open) socket.write("a");
    await sleep(200);
  }
  for (const socket of open) socket.destroy();
  return { attempts, answers };
}

/** Runs `act` so many times a second, or as fast as `clients` can when there is no pace. */
async function repeat(
  seconds: number,
  perSecond: number,
  act: () => Promise<unknown> | unknown,
): Promise<number> {
  const untilMs = performance.now() + seconds * 1_000;
  let attempts = 0;
  while (performance.now() < untilMs) {
    for (let i = 0; i < perSecond / 50; i++, attempts++) void act();
    await sleep(20);
  }
  return attempts;
}

async function wrongSecrets({ baseUrl, apiKey, seconds }: Abuse): Promise<Abused> {
  const { answers, count } = counter();
  await using opened = new AsyncDisposableStack();
  const pool = new Pool(baseUrl, { connections: 16 });
  opened.defer(() => pool.destroy());
  const ask = async (): Promise<void> => {
    const headers = { "x-api-key": apiKey, "x-api-secret": randomBytes(24).toString("hex") };
    const { statusCode, body } = await pool.request({ path: "/api/v1/app/me", method: "GET", headers });
    await body.dump();
    count(String(statusCode));
  };
  return {
    attempts: await repeat(seconds, SECRETS_PER_SECOND, () => ask().catch(() => count("error"))),
    answers,
  };
}

const SEEDS = [
  '{"amountMinor":100,"customerReference":"c"}',
  "[[[[",
  '{"a":1e999}',
  '{"__proto__":{}}',
  "\u0000",
  '"x',
];

function fuzzedBody(): Buffer {
  const body = Buffer.from(SEEDS[Math.floor(Math.random() * SEEDS.length)] ?? "");
  for (let i = 0; i < 4; i++) body[Math.floor(Math.random() * body.length)] = Math.floor(Math.random() * 256);
  return body;
}

async function fuzzedBodies({ baseUrl, apiKey, seconds }: Abuse, secret: string): Promise<Abused> {
  const { answers, count } = counter();
  await using opened = new AsyncDisposableStack();
  const pool = new Pool(baseUrl, { connections: FUZZ_CONNECTIONS });
  opened.defer(() => pool.destroy());
  const untilMs = performance.now() + seconds * 1_000;
  let attempts = 0;
  const headers = { "x-api-key": apiKey, "x-api-secret": secret, "content-type": "application/json" };
  const client = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      attempts += 1;
      const { statusCode, body } = await pool.request({
        path: "/api/v1/payments",
        method: "POST",
        headers,
        body: fuzzedBody(),
      });
      await body.dump();
      count(String(statusCode));
    }
  };
  await Promise.all(Array.from({ length: FUZZ_CONNECTIONS }, client));
  return { attempts, answers };
}

/** Opens streams on the gRPC port and resets each at once. */
async function http2Resets({ grpc, seconds }: Abuse): Promise<Abused> {
  const { answers, count } = counter();
  let session = connectHttp2(`http://${grpc}`);
  const renew = (): void => {
    session.on("error", () => count("session ended"));
  };
  renew();
  const attempts = await repeat(seconds, RESETS_PER_SECOND, () => {
    if (session.closed || session.destroyed) {
      session = connectHttp2(`http://${grpc}`);
      renew();
    }
    const stream = session.request({
      ":method": "POST",
      ":path": "/oi.payments.v1.PaymentsService/GetPayment",
    });
    stream.on("error", () => undefined);
    stream.close(constants.NGHTTP2_CANCEL);
    count("reset");
  });
  session.destroy();
  return { attempts, answers };
}

answerTasks((abuse: Abuse & { readonly apiSecret: string }): Promise<Abused> => {
  switch (abuse.kind) {
    case "slow clients":
      return slowClients(abuse);
    case "fuzzed bodies":
      return fuzzedBodies(abuse, abuse.apiSecret);
    case "wrong secrets":
      return wrongSecrets(abuse);
    case "http/2 resets":
      return http2Resets(abuse);
  }
});
