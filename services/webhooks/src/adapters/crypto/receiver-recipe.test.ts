import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemRandom } from "@oi/platform/service/random";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { hmacSigner } from "./webhook-signer.ts";

// The recipe of the README, over Node's own server in place of a framework.

it("verifies what we sign and throws for everything else, in five lines", async () => {
  const signer = hmacSigner(systemRandom());
  const secret = signer.newSecret();
  const webhook = new Webhook(secret);
  const server = createServer(async (request, response) => {
    const raw = Buffer.concat(await request.toArray());
    try {
      webhook.verify(raw, request.headers as Record<string, string>);
      response.end();
    } catch {
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const body = Buffer.from('{"id":"evt_1","data":{"customerReference":"গ্রাহক"}}');
  const post = async (sent: Uint8Array, age = 0): Promise<number> => {
    const timestampSeconds = Math.floor(Date.now() / 1_000) - age;
    const { signature } = signer.sign({ eventId: "evt_1", timestampSeconds, body, secrets: [secret] });
    const names = { id: "evt_1", timestamp: String(timestampSeconds), signature };
    const headers = Object.fromEntries(
      Object.entries(names).map(([name, value]) => [`webhook-${name}`, value]),
    );
    return (await fetch(url, { method: "POST", headers, body: Buffer.from(sent) })).status;
  };
  expect(await post(body)).toBe(200);
  expect(await post(Buffer.concat([body, Buffer.from(" ")]))).toBe(400);
  expect(await post(body, 301)).toBe(400);
  server.close();
  server.closeAllConnections();
});
