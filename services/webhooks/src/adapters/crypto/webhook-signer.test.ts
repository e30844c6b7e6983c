import { fc, test } from "@fast-check/vitest";
import { systemRandom } from "@oi/platform/service/random";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { hmacSigner } from "./webhook-signer.ts";

const signer = hmacSigner(systemRandom());
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it("equals the published vector of Standard Webhooks", () => {
  const { signature } = signer.sign({
    eventId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampSeconds: 1_614_265_330,
    body: bytes('{"test": 2432232314}'),
    secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
  });
  expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

it("makes secrets of 32 random bytes", () => {
  const [one, two] = [signer.newSecret(), signer.newSecret()];
  expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(one).not.toBe(two);
});

test.prop({ text: fc.string({ unit: "binary" }), others: fc.integer({ min: 0, max: 2 }) })(
  "is verified by the independent library, also beside other secrets",
  ({ text, others }) => {
    const secret = signer.newSecret();
    const secrets = [...Array.from({ length: others }, () => signer.newSecret()), secret];
    const body = JSON.stringify({ text });
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const { signature } = signer.sign({ eventId: "evt_1", timestampSeconds, body: bytes(body), secrets });
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": signature,
    };
    expect(new Webhook(secret).verify(body, headers)).toEqual({ text });
    expect(() => new Webhook(signer.newSecret()).verify(body, headers)).toThrow();
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
  },
);
