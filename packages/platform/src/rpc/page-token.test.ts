import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { fc, test } from "@fast-check/vitest";
import { DomainError } from "@oi/kernel/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { ListPaymentsRequestSchema } from "@oi/proto/payments/v1/payments_service";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { pageTokens } from "./page-token.ts";

const tokens = pageTokens(new Secret("k".repeat(32)));
const ASKED = { applicationId: 7n, mode: Mode.TEST, customerReference: "c-1", pageSize: 20 };

const asking = (change: MessageInitShape<typeof ListPaymentsRequestSchema> = {}) =>
  create(ListPaymentsRequestSchema, { ...ASKED, ...change });

const write = (position: string): string => tokens.write(ListPaymentsRequestSchema, asking(), position);

function refusalOf(change: MessageInitShape<typeof ListPaymentsRequestSchema>, by = tokens): string {
  try {
    by.read(ListPaymentsRequestSchema, asking(change));
    return "none";
  } catch (error) {
    if (error instanceof DomainError && error.reason === "VALIDATION_ERROR")
      return error.fields.pageToken ?? "";
    throw error;
  }
}

test.prop([fc.string({ maxLength: 60 })])("hands back the position that was written", (position) => {
  const pageToken = write(position);
  expect(tokens.read(ListPaymentsRequestSchema, asking({ pageToken }))).toBe(
    Buffer.from(position).toString(),
  );
  expect(pageToken.length).toBeLessThanOrEqual(512);
});

it("is not needed for the first page", () => {
  expect(tokens.read(ListPaymentsRequestSchema, asking())).toBeNull();
});

test.prop([fc.nat(), fc.integer({ min: 1, max: 63 })])(
  "is refused when one character is another",
  (at, by) => {
    const token = write("skip:20");
    const place = at % token.length;
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const other = alphabet.charAt((alphabet.indexOf(token.charAt(place)) + by) % 64);
    expect(refusalOf({ pageToken: token.slice(0, place) + other + token.slice(place + 1) })).toBe(
      "is not a page token of this list",
    );
  },
);

it.each(["x", "AAAA", Buffer.from("skip:20").toString("base64url"), "সব", "A".repeat(512)])(
  "is refused when it was never one: %s",
  (pageToken) => {
    expect(refusalOf({ pageToken })).toBe("is not a page token of this list");
  },
);

it("is refused when something was added or taken away", () => {
  const token = write("skip:20");
  for (const pageToken of [`${token}=`, `${token}A`, token.slice(0, -1), ` ${token}`, token.repeat(2)])
    expect(refusalOf({ pageToken })).toBe("is not a page token of this list");
});

describe("a token belongs to its request", () => {
  const pageToken = write("skip:20");

  it.each([
    { applicationId: 8n },
    { mode: Mode.LIVE },
    { customerReference: "c-2" },
    { reference: "pay_x" },
    { ascending: true },
    { from: { seconds: 1n } },
  ])("and not to one with other arguments: %s", (change) => {
    expect(refusalOf({ pageToken, ...change })).toBe("belongs to a list with other arguments");
  });

  it("but its pages may change their size", () => {
    expect(refusalOf({ pageToken, pageSize: 5 })).toBe("none");
  });

  it("and to the processes that share its key", () => {
    expect(refusalOf({ pageToken }, pageTokens(new Secret("k".repeat(32))))).toBe("none");
    expect(refusalOf({ pageToken }, pageTokens(new Secret("x".repeat(32))))).not.toBe("none");
  });
});
