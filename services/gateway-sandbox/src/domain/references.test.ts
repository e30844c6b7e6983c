import { expect, it } from "vitest";
import { createReferences } from "./references.ts";

const EVENING = Date.UTC(2020, 0, 5, 16, 58, 26);
const MORNING = Date.UTC(2020, 0, 5, 3, 58, 26);

it("gives the same references in the same order for the same seed", () => {
  const [a, b, c] = [createReferences("one"), createReferences("one"), createReferences("two")];
  const draw = (r: typeof a) => [r.sessionKey(), r.timed(EVENING), r.refundRef()];
  expect(draw(a)).toEqual(draw(b));
  expect(a.sessionKey()).not.toBe(c.sessionKey());
  expect(a.sessionKey()).not.toBe(a.sessionKey());
});

it("starts again after a restart", () => {
  const references = createReferences("one");
  const first = references.sessionKey();
  references.restart();
  expect(references.sessionKey()).toBe(first);
});

it("has the gateway's shapes", () => {
  const references = createReferences("shapes");
  expect(references.sessionKey()).toMatch(/^[0-9A-F]{32}$/);
  expect(references.timed(EVENING)).toMatch(/^200105225826[0-9A-Za-z]{15}$/);
  expect(references.timed(MORNING)).toMatch(/^20010595826[0-9A-Za-z]{15}$/);
});
