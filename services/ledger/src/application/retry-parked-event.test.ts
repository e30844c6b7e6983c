import { expect, it } from "vitest";
import { readEvent } from "../adapters/events/read-event.ts";
import { memoryLedger } from "../adapters/memory/memory-ledger.ts";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { RECORDED_AT, receivedEvent } from "../testing/facts.ts";
import { inbound, SUCCEEDED, succeeded } from "../testing/payment-events.ts";
import type { ReceivedEvent } from "./ports.ts";
import { retryParkedEvent } from "./retry-parked-event.ts";

function setUp() {
  const ledger = memoryLedger({ now: () => RECORDED_AT });
  const read = (event: ReceivedEvent) => readEvent(event, nodeSha256);
  return { ledger, retry: retryParkedEvent({ ...ledger, sha256: nodeSha256, read }) };
}

function parkable(subject: string, payload: Parameters<typeof inbound>[1]): ReceivedEvent {
  const event = inbound(subject, payload);
  const read = readEvent({ ...event, subject: SUCCEEDED }, nodeSha256);
  return { ...event, uuid: read?.event.uuid ?? "" };
}

const PAYMENT = { applicationId: 7, paymentId: 1 };

it("posts a parked event that can be posted now, and it is no longer parked", async () => {
  const { ledger, retry } = setUp();
  const event = parkable(SUCCEEDED, succeeded(PAYMENT));
  await ledger.parkedEvents.park(event, "FAILED", "the disk was full");
  expect(await retry(event.uuid)).toEqual({ posted: true });
  expect(ledger.parked()).toEqual([]);
  await expect(retry(event.uuid)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
});

it("leaves parked what still cannot be read, and what conflicts", async () => {
  const { ledger, retry } = setUp();
  const unreadable = parkable(SUCCEEDED, "no JSON");
  await ledger.parkedEvents.park(unreadable, "UNDECODABLE", "");
  expect(await retry(unreadable.uuid)).toMatchObject({ posted: false, reason: "UNDECODABLE" });
  for (const amountMinor of [5n, 6n]) {
    const event = parkable(SUCCEEDED, succeeded({ ...PAYMENT, amountMinor }));
    await ledger.parkedEvents.park(event, "FAILED", "");
    const expected = amountMinor === 5n ? { posted: true } : { posted: false, reason: "KEY_CONFLICT" };
    expect(await retry(event.uuid)).toMatchObject(expected);
  }
  expect(ledger.parked()).toHaveLength(2);
});

it("lets go of an event that no rule asks for any more", async () => {
  const { ledger, retry } = setUp();
  const event = receivedEvent({ subject: "payments.payment.created" });
  await ledger.parkedEvents.park(event, "FAILED", "");
  expect(await retry(event.uuid)).toMatchObject({ posted: false, reason: "IGNORED" });
  expect(ledger.parked()).toEqual([]);
});
