import { fc } from "@fast-check/vitest";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CallbackWish, forged } from "../testing/callback-kit.ts";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import { act, atGateway, atOnce, endOf, merchantRef } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process, which signs and forges. Double: a small
 * server is the edge. Judge: the outcome of each callback and the rows of the payment. `FORGED_FORMS=10000` sends more.
 */
const FORMS = Number(process.env.FORGED_FORMS ?? 300);
const SEED = Number(process.env.FAULT_SEED ?? 7);

let bench: FaultBench;
let payment: PaymentView;
let other: PaymentView;
beforeAll(async () => {
  bench = await startFaultBench();
  bench.edge.keep(() => true);
  [payment, other] = [await atGateway(bench), await atGateway(bench)];
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const FORGERIES: readonly (readonly [what: string, wish: CallbackWish, outcome: string])[] = [
  ["no signature", { sign: "none" }, "FORGED"],
  ["a garbage signature", { sign: "bad" }, "FORGED"],
  ["another password's signature", { sign: "other_password" }, "FORGED"],
  ["a name dropped from verify_key", { sign: "keys_dropped" }, "FORGED"],
  ["a field twice", { sign: "duplicate_field" }, "FORGED"],
  ["the amount changed after signing", { set: { amount: "1.00" } }, "FORGED"],
  ["one letter of the reference changed", { set: { value_a: "x" } }, "FORGED"],
  [
    "the digests swapped",
    { set: { verify_sign_sha2: "0".repeat(64), verify_sign: "0".repeat(32) } },
    "FORGED",
  ],
  ["digests of other lengths", { set: { verify_sign_sha2: "00", verify_sign: "00" } }, "FORGED"],
  ["an unknown reference, signed", { setSigned: { tran_id: "pay_nobody-1" } }, "UNMATCHED"],
  ["a forged cancellation", { status: "CANCELLED", sign: "bad" }, "FORGED"],
  ["a forged failure", { status: "FAILED", sign: "other_password" }, "FORGED"],
  // Signed rightly, so that the gateway is asked; it denies, and what is said stays unproven.
  ["another store, signed", { setSigned: { store_id: "otherstore" } }, "PENDING_VERIFICATION"],
  ["another amount, signed", { setSigned: { amount: "1.00" } }, "PENDING_VERIFICATION"],
];

async function newestOutcome(): Promise<string> {
  const [row] = await bench.sql<{ outcome: string }[]>`
    select outcome from gateway_callback order by id desc limit 1`;
  return row?.outcome ?? "";
}

const untouched = { payment: "PENDING", refunds: [], webhooks: [], charges: 0, reviews: [] };

it.each(FORGERIES)("a callback with %s is answered, kept, and moves nothing", async (_, wish, outcome) => {
  const delivery = await forged(bench, payment, wish);
  expect(await bench.deliver(delivery)).toMatchObject({ ok: true });
  expect(await newestOutcome()).toBe(outcome);
  await bench.settle();
  expect(await endOf(bench, payment)).toEqual(untouched);
});

it("a genuine callback of another payment does nothing to this one", async () => {
  const delivery = await forged(bench, other, { channel: "return", sign: "none" });
  const answer = await bench.deliver({ ...delivery, reference: payment.reference });
  expect(answer).toMatchObject({ ok: true });
  expect(await newestOutcome()).toBe("FORGED");
  expect(await endOf(bench, payment)).toEqual(untouched);
  expect(await endOf(bench, other)).toEqual(untouched);
});

it("fuzzed forms are all answered, and none moves anything", async () => {
  const ref = await merchantRef(bench, payment);
  const genuine = Buffer.from((await forged(bench, payment, {})).body, "base64").toString("utf8");
  const rubbish = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => Buffer.from(`tran_id=${ref}&status=VALID&${text}`)),
    fc
      .tuple(fc.nat(genuine.length - 1), fc.string({ minLength: 1, maxLength: 4 }))
      .map(([at, text]) => Buffer.from(genuine.slice(0, at) + text + genuine.slice(at + 1))),
  );
  const forms = fc.sample(fc.tuple(rubbish, fc.boolean()), { numRuns: FORMS, seed: SEED });
  const answers = await atOnce(
    16,
    forms.map(
      ([body, isReturn]) =>
        () =>
          bench.deliver({
            gateway: "SSLCOMMERZ",
            channel: isReturn ? "CALLBACK_CHANNEL_RETURN" : "CALLBACK_CHANNEL_NOTIFICATION",
            reference: isReturn ? payment.reference : "",
            method: "POST",
            path: "/",
            contentType: "application/x-www-form-urlencoded",
            body: body.toString("base64"),
            query: "",
            remoteAddress: "192.0.2.7",
          }),
    ),
  );
  expect(answers.filter(({ ok }) => !ok)).toEqual([]);
  await bench.settle();
  expect(await endOf(bench, payment)).toEqual(untouched);
}, 120_000);

it("the customer's payment is still found, and what was signed with other figures is called a mismatch", async () => {
  await act(bench, payment);
  await bench.pass(31_000);
  expect(await endOf(bench, payment)).toMatchObject({
    payment: "SUCCEEDED",
    charges: 1,
    reviews: ["CLAIM_MISMATCH"],
  });
});
