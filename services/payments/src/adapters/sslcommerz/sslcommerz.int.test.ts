import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { paymentGatewayContract } from "../../application/payment-gateway.contract.ts";
import { readConfig } from "../../config.ts";
import { type Doorway, sandboxWorld } from "../../testing/sandbox-world.ts";

/**
 * Real: the adapter, its HTTP and signatures, and the simulator as a process of its own with its own signer.
 * Double: the simulator stands for SSLCOMMERZ. Oracle: the acts that the test ordered at the simulator.
 */
paymentGatewayContract("The SSLCOMMERZ adapter against the simulator", () => sandboxWorld());

const PREFIX = "/sslcommerz/v4-mirror";

/** Another host name, another port and a path in front: as different as an address can be. */
async function openDoorway(): Promise<Doorway> {
  let target = "";
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://mirror");
    if (!pathname.startsWith(`${PREFIX}/`)) return void response.writeHead(404).end();
    const { method, headers } = request;
    const onward = forward(`${target}${pathname.slice(PREFIX.length)}${search}`, { method, headers });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}${PREFIX}`,
    leadTo: (url) => {
      target = url;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

paymentGatewayContract("The SSLCOMMERZ adapter, told another address and nothing else,", async () =>
  sandboxWorld(await openDoorway()),
);

it("is told the address of a faithful server by SSLCOMMERZ_TEST_BASE_URL alone", () => {
  const env = {
    PAYMENTS_DATABASE_URL: "postgres://payments@localhost/payments",
    NATS_URL: "nats://localhost:4222",
    PUBLIC_URL: "https://pay.example",
    API_SECRET_PEPPER: "p1:0123456789abcdef0123",
    SSLCOMMERZ_TEST_STORE_ID: "testbox",
    SSLCOMMERZ_TEST_STORE_PASSWORD: "qwerty",
  };
  const accountAt = (url: string) => readConfig({ ...env, SSLCOMMERZ_TEST_BASE_URL: url }).accounts[0];
  const addresses = [
    "http://localhost:8099",
    `http://mirror.internal:7000${PREFIX}`,
    "https://faithful.example",
  ];
  for (const baseUrl of addresses) {
    const { baseUrl: read, ...rest } = accountAt(baseUrl) ?? { baseUrl: "" };
    expect(read).toBe(baseUrl);
    expect(JSON.stringify(rest)).toBe(
      JSON.stringify({ ...accountAt("http://localhost:8099"), baseUrl: undefined }),
    );
  }
});
