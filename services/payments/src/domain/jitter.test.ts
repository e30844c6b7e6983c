import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { DEFAULT_SCHEDULE, nextInquiryAfterPayment, nextInquiryAt } from "./inquiry-schedule.ts";

const OPENED = 1_780_000_000_000;
const EXPIRES = OPENED + 1_800_000;
const draws = fc.double({ min: -1, max: 1, noNaN: true });

test.prop([draws, fc.integer({ min: 0, max: 8 * 86_400_000 })])(
  "chance moves a question by a tenth of its wait at most, never before the expiry it waits for, always ahead",
  (draw, ageMs) => {
    const now = OPENED + ageMs;
    const at = nextInquiryAt(DEFAULT_SCHEDULE, OPENED, EXPIRES, now, draw);
    const plain = nextInquiryAt(DEFAULT_SCHEDULE, OPENED, EXPIRES, now);
    expect(at === null).toBe(plain === null);
    if (at === null || plain === null) return;
    expect(at).toBeGreaterThan(now);
    const since = now < EXPIRES ? OPENED : EXPIRES;
    expect(Math.abs(at - plain)).toBeLessThanOrEqual((plain - since) / 10 + 1);
    if (now >= EXPIRES) expect(at).toBeGreaterThanOrEqual(EXPIRES);
    else expect(at).toBeLessThanOrEqual(EXPIRES);
  },
);

test.prop([draws])("a paid attempt is asked about three times, whatever chance says", (draw) => {
  let now = OPENED;
  let asked = 0;
  for (;;) {
    const next = nextInquiryAfterPayment(DEFAULT_SCHEDULE, OPENED, now, draw);
    if (next === null) break;
    expect(next).toBeGreaterThanOrEqual(now);
    now = next + 1;
    asked += 1;
  }
  expect(asked).toBe(3);
});
