import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeEach, expect } from "vitest";
import { recordCallback } from "../../application/record-callback.ts";
import { memoryWorld } from "../../testing/memory-world.ts";
import { attempted, created, fileOf } from "../../testing/store-world.ts";
import { callbackDigest } from "../crypto/digests.ts";
import { maskedCallback } from "./evidence-text.ts";
import { GOLDEN_VECTORS, goldenForm, postForm } from "./golden-vectors.ts";
import { sslcommerzGateways } from "./sslcommerz-gateways.ts";

const GOLDEN = [...goldenForm(GOLDEN_VECTORS[1])];
const NAMES = [
  ...GOLDEN.map(([name]) => name),
  "verify_sign_sha2",
  "__proto__",
  "constructor",
  "",
  "TRAN_ID",
];
/** Of the account; the golden form is signed with another store's. */
const PASSWORD = "another password";

const values = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "VALID",
    "VALIDATED",
    "FAILED",
    "600.00",
    "-0",
    "1e999",
    "NaN",
    "BDT",
    "\u0000",
    "%",
    "qwerty",
  ),
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 64 }),
);

/** A genuine form of another store, with fields lost, changed, repeated, added and shuffled. */
const bent = fc
  .record({
    lost: fc.subarray(NAMES, { maxLength: 4 }),
    changed: fc.dictionary(fc.constantFrom(...NAMES), values, { maxKeys: 6 }),
    more: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), values), { maxLength: 6 }),
    isOurs: fc.boolean(),
  })
  .map(({ lost, changed, more, isOurs }) => ({
    lost,
    changed: new Map(Object.entries(changed)),
    more,
    isOurs,
  }));

const forms = fc.oneof(
  bent.map((one) => ({ ...one, bytes: null })),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => ({ bytes })),
);

const calls = fc.record({
  form: forms,
  channel: fc.constantFrom("notification" as const, "return" as const),
  method: fc.constantFrom("POST", "GET"),
  contentType: fc.constantFrom("application/x-www-form-urlencoded", "text/plain", "application/json", ""),
  query: fc.oneof(fc.constant(""), fc.string()),
});

function bodyOf(
  form: typeof forms extends fc.Arbitrary<infer T> ? T : never,
  merchantRef: string,
): Uint8Array {
  if (form.bytes !== null) return form.bytes;
  const kept = GOLDEN.filter(([name]) => !form.lost.includes(name));
  const set = kept.map(([name, value]): [string, string] => {
    if (name === "tran_id" && form.isOurs) return [name, merchantRef];
    return [name, form.changed.get(name) ?? value];
  });
  return postForm([...set, ...form.more]).body;
}

const account = { id: "memory-test", mode: "TEST" as const, baseUrl: "https://gateway.test" };
const gateways = sslcommerzGateways({
  accounts: [{ ...account, storeId: "testbox", storePassword: PASSWORD }],
});
afterAll(() => gateways[Symbol.asyncDispose]());

async function open() {
  const world = memoryWorld();
  const { payment, attempt } = await attempted(world, await created(world));
  const ports = {
    callbacks: world.callbacks,
    gateways,
    digest: callbackDigest,
    maskedPayload: maskedCallback,
  };
  return { world, payment, attempt, record: recordCallback(ports) };
}

let desk: Awaited<ReturnType<typeof open>>;
let taken = 0;
beforeEach(async () => {
  desk = await open();
});

test.prop([calls], { numRuns: 10_000 })(
  "ten thousand forms that the account never signed are kept as evidence: none throws, none is valid, none moves anything",
  async ({ form, channel, ...call }) => {
    // The evidence of the last ones is enough to look through.
    if (taken++ % 200 === 0) desk = await open();
    const { world, payment, attempt, record } = desk;
    const body = bodyOf(form, attempt.merchantRef);
    const reference = channel === "return" ? payment.reference : null;
    const before = world.book.callbacks.length;
    await record("SSLCOMMERZ", { ...call, channel, body, remoteAddress: "192.0.2.1" }, reference);
    expect(world.book.callbacks).toHaveLength(before + 1);
    const kept = world.book.callbacks.at(-1);
    expect(["absent", "invalid"]).toContain(kept?.claim.signature);
    expect(kept?.outcome).not.toBe("APPLIED");
    const { payment: after, knownCharges } = await fileOf(world, payment);
    expect([after.status, after.version, ...knownCharges]).toEqual([payment.status, payment.version]);
  },
  120_000,
);
