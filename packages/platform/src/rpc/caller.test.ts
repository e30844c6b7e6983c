import { DomainError } from "@oi/kernel/errors";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/env.ts";
import { identifier, identifyLocal } from "./caller.ts";

const RPC = "oi.payments.v1.PaymentsService/GetPayment";
const EDGE = "e".repeat(32);
const NEXT = "n".repeat(32);
const CONSOLE = "c".repeat(32);

const entry = (name: string, token: string, patterns: readonly string[], mayNameActor = false) => ({
  name,
  token: new Secret(token),
  patterns,
  mayNameActor,
});

const identify = identifier([
  entry("edge", EDGE, ["oi.payments.v1.*"]),
  entry("edge", NEXT, ["oi.payments.v1.*"]),
  entry(
    "console",
    CONSOLE,
    ["oi.payments.v1.PaymentsService/Get*", "oi.ledger.v1.LedgerService/GetBook"],
    true,
  ),
]);

function visit(token: string | null, headers: Record<string, string> = {}, rpc = RPC) {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  return { rpc, header: new Headers({ ...authorization, ...headers }), peer: "10.0.0.7:4000" };
}

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error.reason;
    throw error;
  }
  return "none";
}

describe("where callers are known", () => {
  it("a token says who calls, and a name may have several", () => {
    expect(identify(visit(EDGE))).toEqual({ name: "edge", actor: null });
    expect(identify(visit(NEXT))).toEqual({ name: "edge", actor: null });
    expect(identify(visit(null, { authorization: `bearer ${CONSOLE}` }))).toMatchObject({ name: "console" });
  });

  it.each([null, "", "x".repeat(32), EDGE.toUpperCase(), EDGE.slice(1), `${EDGE}e`])(
    "whoever bears another token is not known: %s",
    (token) => {
      expect(reasonOf(() => identify(visit(token)))).toBe("UNAUTHORIZED");
    },
  );

  it("loopback is nobody", () => {
    expect(reasonOf(() => identify({ ...visit(null), peer: "127.0.0.1:4000" }))).toBe("UNAUTHORIZED");
  });

  it.each([
    [CONSOLE, "oi.payments.v1.PaymentsService/GetPayment", true],
    [CONSOLE, "oi.payments.v1.PaymentsService/CreatePayment", false],
    [CONSOLE, "oi.ledger.v1.LedgerService/GetBook", true],
    [CONSOLE, "oi.ledger.v1.LedgerService/GetBooks", false],
    [EDGE, "oi.payments.v1.CheckoutService/OpenCheckout", true],
    [EDGE, "oi.payments.v10.CheckoutService/OpenCheckout", false],
    [EDGE, "oi.ledger.v1.LedgerService/GetBook", false],
    [EDGE, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true],
  ])("a caller may call what its patterns name: %s %s", (token, rpc, isAllowed) => {
    expect(reasonOf(() => identify(visit(token, {}, rpc)))).toBe(isAllowed ? "none" : "FORBIDDEN");
  });

  it("only a caller that may name persons names one", () => {
    const person = { "oi-actor": "rahim@shop.example" };
    expect(identify(visit(CONSOLE, person))).toEqual({ name: "console", actor: "rahim@shop.example" });
    expect(reasonOf(() => identify(visit(EDGE, person)))).toBe("FORBIDDEN");
  });

  it.each(["", "two words", "x".repeat(256)])("a person has a name that can be written down: %s", (actor) => {
    expect(reasonOf(() => identify(visit(CONSOLE, { "oi-actor": actor })))).toBe("VALIDATION_ERROR");
  });
});

describe("where no callers are known", () => {
  const open = identifier(null);

  it.each([
    "127.0.0.1",
    "127.0.0.1:4000",
    "[::1]:4000",
    "::1",
    "::ffff:127.0.0.1",
    "[::ffff:127.0.0.1]:4000",
  ])("the machine itself is local: %s", (peer) => {
    expect(open({ ...visit(null, { "oi-actor": "rahim" }), peer })).toEqual({
      name: "local",
      actor: "rahim",
    });
  });

  it.each(["10.0.0.7:4000", "[2001:db8::1]:4000", "127.example.org:1", "", "unix:/tmp/x"])(
    "nobody else is answered: %s",
    (peer) => {
      expect(reasonOf(() => open({ ...visit(null), peer }))).toBe("UNAUTHORIZED");
    },
  );

  it("whoever shares the process is local", () => {
    expect(identifyLocal({ ...visit(null), peer: "" })).toEqual({ name: "local", actor: null });
  });
});
