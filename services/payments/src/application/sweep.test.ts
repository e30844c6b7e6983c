import { beforeEach, describe, expect, it } from "vitest";
import {
  type AtGateway,
  HOUR_MS,
  MINUTE_MS,
  type PaymentDesk,
  paymentDesk,
} from "../testing/payment-desk.ts";
import { sweepInquiries } from "./sweep.ts";

const TTL_MS = 30 * MINUTE_MS;

let desk: PaymentDesk;
beforeEach(async () => {
  desk = await paymentDesk();
});

const asked = (ref: string): number =>
  desk.gateway.calls.filter((call) => call.operation === "inquire" && call.ref === ref).length;

describe("a payment whose time is over", () => {
  it("expires without a question when it was never opened", async () => {
    const { reference, id } = await desk.create();
    await desk.wait(TTL_MS - 1);
    expect(await desk.status(reference)).toBe("CREATED");
    await desk.wait(1);
    expect(await desk.status(reference)).toBe("EXPIRED");
    expect(desk.gateway.calls).toEqual([]);
    expect(await desk.world.history(id)).toMatchObject([
      { to: "CREATED" },
      { from: "CREATED", to: "EXPIRED" },
    ]);
    expect(await desk.events(reference)).toEqual(["payment.created", "payment.expired"]);
  });

  it("expires without a question when every session was refused", async () => {
    const { reference } = await desk.create();
    desk.gateway.refuse("openSession", "no");
    await expect(desk.open(reference)).rejects.toMatchObject({ reason: "GATEWAY_UNAVAILABLE" });
    await desk.wait(TTL_MS);
    expect(await desk.status(reference)).toBe("EXPIRED");
  });

  describe("at the gateway", () => {
    let at: AtGateway;
    beforeEach(async () => {
      at = await desk.atGateway();
    });
    const statusAfter = async (ms: number): Promise<string> => {
      await desk.wait(ms);
      return desk.status(at.reference);
    };

    it("expires at once when the session is untouched, after the gateway was asked", async () => {
      desk.gateway.setPending(at.merchantRef, "unattempted");
      expect(await statusAfter(TTL_MS - 1)).toBe("PENDING");
      const before = asked(at.merchantRef);
      expect(await statusAfter(1)).toBe("EXPIRED");
      expect(asked(at.merchantRef)).toBe(before + 1);
    });

    it("does not expire by an answer to a question that was put before its time was over", async () => {
      const { inquire } = desk.gateway;
      desk.gateway.setPending(at.merchantRef, "unattempted");
      await desk.wait(5 * MINUTE_MS);
      desk.world.clock.advance(TTL_MS - 5 * MINUTE_MS - 1);
      const slowly = (...args: Parameters<typeof inquire>) => {
        desk.world.clock.advance(2);
        return inquire(...args);
      };
      Object.assign(desk.gateway, { inquire: slowly });
      await desk.sweep();
      Object.assign(desk.gateway, { inquire });
      const before = asked(at.merchantRef);
      expect(await desk.status(at.reference)).toBe("PENDING");
      expect(await statusAfter(MINUTE_MS)).toBe("EXPIRED");
      expect(asked(at.merchantRef)).toBeGreaterThan(before);
    });

    for (const phase of ["open", "absent"] as const) {
      it(`expires a quarter of an hour later when the session is ${phase}`, async () => {
        desk.gateway.setPending(at.merchantRef, phase);
        expect(await statusAfter(TTL_MS + 15 * MINUTE_MS - 1)).toBe("PENDING");
        expect(await statusAfter(1)).toBe("EXPIRED");
      });
    }

    it("waits for money in flight, and a person looks after a day", async () => {
      desk.gateway.setPending(at.merchantRef, "in_flight");
      expect(await statusAfter(TTL_MS + 23 * HOUR_MS)).toBe("PENDING");
      expect((await desk.file(at.reference)).payment.reviewReasons).toEqual([]);
      expect(await statusAfter(HOUR_MS)).toBe("PENDING");
      expect((await desk.file(at.reference)).payment.reviewReasons).toEqual(["STUCK_UNKNOWN"]);
    });

    it("does not expire while the gateway is silent, whatever the hour", async () => {
      desk.gateway.setUnknown("inquire", { outcome: "unknown", cause: "timeout", sent: true });
      expect(await statusAfter(TTL_MS + 5 * HOUR_MS)).toBe("PENDING");
      desk.gateway.setUnknown("inquire", null);
      expect(await statusAfter(HOUR_MS)).toBe("EXPIRED");
    });

    it("succeeds when the money came before we asked", async () => {
      desk.gateway.setUnknown("inquire", { outcome: "unknown", cause: "timeout", sent: true });
      await desk.wait(TTL_MS);
      desk.gateway.pay(at.merchantRef);
      desk.gateway.setUnknown("inquire", null);
      expect(await statusAfter(5 * MINUTE_MS)).toBe("SUCCEEDED");
    });

    it("is asked about again at its end when the session had ended before", async () => {
      desk.gateway.expire(at.merchantRef);
      expect(await statusAfter(TTL_MS - 1)).toBe("PENDING");
      const before = asked(at.merchantRef);
      expect(await statusAfter(1)).toBe("EXPIRED");
      expect(asked(at.merchantRef)).toBe(before + 1);
    });

    it("stays open at its end when money came to a session that had ended", async () => {
      desk.gateway.expire(at.merchantRef);
      await desk.wait(25 * MINUTE_MS);
      desk.gateway.pay(at.merchantRef);
      expect(await statusAfter(5 * MINUTE_MS)).toBe("SUCCEEDED");
    });
  });
});

describe("the inquiry sweep", () => {
  it("asks about the others when one inquiry breaks, and says that it broke", async () => {
    const broken = await desk.atGateway();
    const fine = await desk.atGateway();
    desk.gateway.pay(fine.merchantRef);
    desk.world.clock.advance(MINUTE_MS);
    const { signal } = new AbortController();
    const askedAbout: string[] = [];
    const sweep = sweepInquiries({
      queue: desk.world.queue,
      inquire: async ({ paymentReference }) => {
        askedAbout.push(paymentReference);
        if (paymentReference === broken.reference) throw new Error("a bug");
      },
    });
    await expect(sweep(signal)).rejects.toThrow("a bug");
    expect(askedAbout.sort()).toEqual([broken.reference, fine.reference].sort());
  });

  it("takes eight at once and asks to be called again while there may be more", async () => {
    for (let i = 0; i < 9; i++) await desk.atGateway();
    desk.world.clock.advance(MINUTE_MS);
    const sizes: number[] = [];
    let n = 0;
    const sweep = sweepInquiries({
      queue: desk.world.queue,
      inquire: async () => {
        n += 1;
      },
    });
    const { signal } = new AbortController();
    while (await sweep(signal)) sizes.push(n);
    expect([sizes, n]).toEqual([[8], 9]);
  });
});
