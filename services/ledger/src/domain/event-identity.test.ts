import { fc, test } from "@fast-check/vitest";
import { eventId, eventUuid } from "@oi/kernel/id";
import { expect, it } from "vitest";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { eventIdOf, inboxUuid } from "./event-identity.ts";

test.prop([fc.integer({ min: 0, max: 2 ** 40 }), fc.uint8Array({ minLength: 10, maxLength: 10 })])(
  "gives back the id that an event had outside",
  (now, random) => {
    const id = eventId(now, random);
    expect(eventIdOf(eventUuid(id) ?? "")).toBe(id);
    expect(inboxUuid({ id, subject: "s", payload: "p" }, nodeSha256)).toBe(eventUuid(id));
  },
);

it("knows an event without a readable id by its content", () => {
  const event = { id: "", subject: "payments.payment.succeeded", payload: "x" };
  const uuid = inboxUuid(event, nodeSha256);
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(inboxUuid({ ...event }, nodeSha256)).toBe(uuid);
  expect(inboxUuid({ ...event, payload: "y" }, nodeSha256)).not.toBe(uuid);
});
