import { fc } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { callbackDigest } from "../adapters/crypto/digests.ts";
import { maskedCallback } from "../adapters/sslcommerz/evidence-text.ts";
import { GOLDEN_VECTORS, goldenForm, postForm } from "../adapters/sslcommerz/golden-vectors.ts";
import { sslcommerzGateways } from "../adapters/sslcommerz/sslcommerz-gateways.ts";
import { recordCallback } from "../application/record-callback.ts";
import type { RawCallback } from "../domain/gateway.ts";
import { memoryWorld } from "../testing/memory-world.ts";
import { scriptedAccount } from "../testing/scripted-server.ts";
import { attempted, created } from "../testing/store-world.ts";

const FORMS = 10_000;
const WORLDS = 10;
const PASSWORD = "qwerty";
const [, V2] = GOLDEN_VECTORS;
const NAMES = [...goldenForm(V2).keys()];

/** Forms from rubbish to nearly genuine, about the attempt that exists. */
function formsAbout(merchantRef: string): fc.Arbitrary<RawCallback> {
  const genuine = goldenForm(V2).set("tran_id", merchantRef);
  const text = new URLSearchParams([...genuine]).toString();
  const anyBytes = fc.uint8Array({ maxLength: 400 });
  const anyFields = fc
    .dictionary(fc.constantFrom(...NAMES, "x"), fc.oneof(fc.string(), fc.constantFrom("VALID", merchantRef)))
    .map((fields) => Buffer.from(new URLSearchParams(fields).toString()));
  const oneChanged = fc
    .tuple(fc.constantFrom(...NAMES), fc.string())
    .map(([name, value]) =>
      Buffer.from(new URLSearchParams([...new Map(genuine).set(name, value)]).toString()),
    );
  const cut = fc
    .tuple(fc.nat(text.length), fc.string({ maxLength: 8 }))
    .map(([at, inserted]) => Buffer.from(text.slice(0, at) + inserted + text.slice(at)));
  return fc
    .record({
      body: fc.oneof(anyBytes, anyFields, oneChanged, cut),
      channel: fc.constantFrom("return" as const, "notification" as const),
      method: fc.constantFrom("POST", "GET", "", "PUT"),
      query: fc.string(),
    })
    .map((part) => ({ ...postForm(""), ...part }));
}

type Seen = { valid: number; asked: number };

/** A thousand forms about one payment; more of them would make the memory store slow and nothing else. */
async function fuzz(seen: Seen): Promise<void> {
  const world = memoryWorld();
  await using gateways = sslcommerzGateways({
    accounts: [scriptedAccount("http://127.0.0.1:9", { storePassword: PASSWORD })],
  });
  const { payment, attempt } = await attempted(world, await created(world), { account: "sslcommerz-test" });
  const { callbacks } = world;
  const ports = { callbacks, gateways, digest: callbackDigest, maskedPayload: maskedCallback };
  const record = recordCallback(ports);
  await fc.assert(
    fc.asyncProperty(formsAbout(attempt.merchantRef), async (form) => {
      const { signature } = gateways.of("sslcommerz-test").readCallback(form);
      if (signature === "valid" || signature === "weak") seen.valid += 1;
      const path = form.channel === "return" ? payment.reference : null;
      const { askAbout } = await record("SSLCOMMERZ", form, path);
      if (askAbout !== null) seen.asked += 1;
    }),
    { numRuns: FORMS / WORLDS },
  );
  const file = await world.payments.fileByReference(payment.reference);
  const { status, version } = payment;
  expect(file?.payment).toMatchObject({ status, version, reviewReasons: [] });
}

it("ten thousand fuzzed forms are kept, none is valid, and none of them throws", async () => {
  const seen: Seen = { valid: 0, asked: 0 };
  for (let world = 0; world < WORLDS; world++) await fuzz(seen);
  expect(seen.valid).toBe(0);
  // Unsigned returns are worth a question, and no more.
  expect(seen.asked).toBeGreaterThan(0);
}, 60_000);
