import { createHash } from "node:crypto";
import {
  grpcTransport,
  inMemoryTransport,
  type RpcClient,
  rpcClient,
  type Transport,
} from "@oi/platform/rpc/client";
import { fromRpcError } from "@oi/platform/rpc/errors";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { AdjustmentStatus } from "@oi/proto/ledger/v1/adjustment";
import { AdjustmentsService } from "@oi/proto/ledger/v1/adjustments_service";
import { ExportFormat, LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp, type LedgerApp } from "../../app.ts";
import { readConfig } from "../../config.ts";
import { captured, draft, freshScope, lateMoney } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { tellStory } from "../../testing/story.ts";

// Real: PostgreSQL and the whole service with its doors; NATS is away, and nothing here needs it.
let ledger: PostgresLedger;
let app: LedgerApp;
let stack: AsyncDisposableStack;
const scope = freshScope();
const book = { applicationId: BigInt(scope.applicationId), mode: Mode.LIVE };

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  ledger = stack.use(await postgresLedger());
  await tellStory(ledger.ports, scope);
  const env = {
    LEDGER_DATABASE_URL: ledger.test.url,
    NATS_URL: "nats://127.0.0.1:1",
    RPC_PORT: "0",
    OPS_PORT: "0",
  };
  app = stack.use(await createApp(readConfig(env), { log: silentLogger() }));
});
afterAll(() => stack.disposeAsync());

describe.each(["memory", "grpc"] as const)("a caller through %s", (kind) => {
  let transport: Transport;
  let client: RpcClient<typeof LedgerService>;
  beforeAll(() => {
    transport =
      kind === "memory" ? inMemoryTransport(app.rpc.services) : stack.use(grpcTransport(app.rpc.grpcAddress));
    client = rpcClient(LedgerService, transport);
  });

  it("verifies a book and gets the result at the end of the stream", async () => {
    const steps = [];
    const { asOfSeq: transactions } = await client.getTrialBalance({ book });
    for await (const { step } of client.verifyBook({ book })) steps.push(step);
    expect(steps.at(-1)).toMatchObject({ case: "result", value: { ok: true, transactions } });
  });

  it("exports a book whose pieces add up to the trailer", async () => {
    const hash = createHash("sha256");
    let sizeBytes = 0n;
    const { asOfSeq: transactions } = await client.getTrialBalance({ book });
    for await (const { part } of client.exportBook({ book, format: ExportFormat.HLEDGER })) {
      if (part.case === "chunk") {
        expect(part.value.length).toBeLessThanOrEqual(65_536);
        hash.update(part.value);
        sizeBytes += BigInt(part.value.length);
      } else {
        expect(part.case === "trailer" && part.value).toMatchObject({ sizeBytes, transactions });
        expect(part.case === "trailer" && Buffer.from(part.value.sha256)).toEqual(hash.digest());
      }
    }
    expect(sizeBytes).toBeGreaterThan(1_000n);
  });

  it("is refused in words when there is no such book, before and within a stream", async () => {
    const nowhere = { applicationId: 999_999n, mode: Mode.TEST };
    const drain = async (messages: AsyncIterable<unknown>): Promise<unknown> => {
      try {
        for await (const _ of messages);
        return "answered";
      } catch (error) {
        const { reason, metadata } = fromRpcError(error);
        return [reason, metadata.cause];
      }
    };
    const missing = ["RESOURCE_NOT_FOUND", "BOOK_NOT_FOUND"];
    expect(await drain(client.verifyBook({ book: nowhere }))).toEqual(missing);
    expect(await drain(client.exportBook({ book: nowhere, format: ExportFormat.CSV }))).toEqual(missing);
    const formless = client.exportBook({ book, format: ExportFormat.UNSPECIFIED });
    expect(await drain(formless)).toEqual(["VALIDATION_ERROR", undefined]);
    const beyond = client.exportBook({ book, format: ExportFormat.CSV, toSeq: 9_999n });
    expect(await drain(beyond)).toEqual(["VALIDATION_ERROR", undefined]);
  });

  it("may stop reading a stream, and the next call is answered", async () => {
    for await (const _ of client.exportBook({ book, format: ExportFormat.CSV })) break;
    expect((await client.listBooks({})).books.length).toBeGreaterThan(0);
  });

  const adjusting = () => rpcClient(AdjustmentsService, transport);
  const as = (who: string) => ({ headers: { "oi-actor": who } });
  const legs = (amountMinor: bigint) => [
    { path: "Expenses:WriteOff", currency: "BDT", amountMinor },
    { path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -amountMinor },
  ];
  const propose = (fields: object, who = "anik") =>
    adjusting().proposeAdjustment(
      { book, reason: "agreed with the merchant", idempotencyKey: `${kind}-${Math.random()}`, ...fields },
      as(who),
    );
  const why = (call: Promise<unknown>) =>
    call.then(
      () => "answered",
      (error) => {
        const { reason, metadata } = fromRpcError(error);
        return metadata.cause ? `${reason} ${metadata.cause}` : reason;
      },
    );

  it("lets one propose and another approve, once, whoever asks how often", async () => {
    const { adjustment } = await propose({ legs: legs(250n) });
    const id = adjustment?.id ?? 0n;
    expect(await why(adjusting().approveAdjustment({ book, id }, as("anik")))).toBe(
      "FORBIDDEN MAKER_IS_CHECKER",
    );
    expect(await why(adjusting().approveAdjustment({ book, id }))).toBe("FORBIDDEN ROLE_MISSING");
    const approvals = await Promise.all(
      // On a machine that is busy with other things some are told to come again.
      Array.from({ length: 50 }, (_, i) =>
        eventually(() => adjusting().approveAdjustment({ book, id }, as(`checker-${i}`)), {
          withinMs: 15_000,
        }),
      ),
    );
    expect(new Set(approvals.map((one) => one.adjustment?.seq))).toHaveLength(1);
    expect(approvals[0]?.adjustment?.status).toBe(AdjustmentStatus.POSTED);
    expect(approvals[0]?.transaction).toMatchObject({
      kind: "ADJUST",
      actor: "anik",
      reference: `adjustment:${id}`,
    });
    expect(await why(adjusting().declineAdjustment({ book, id, reason: "no" }, as("bela")))).toBe(
      "INVALID_OPERATION_STATE ADJUSTMENT_NOT_OPEN",
    );
    const found = await client.getTransaction({
      book,
      name: { case: "idempotencyKey", value: `adjustment:${id}` },
    });
    expect(found.transaction?.seq).toBe(approvals[0]?.adjustment?.seq);
  });

  it("reverses once, and never a reversal", async () => {
    const posted = await propose({ legs: legs(10n) });
    const { adjustment } = await adjusting().approveAdjustment(
      { book, id: posted.adjustment?.id ?? 0n },
      as("bela"),
    );
    const twins = await Promise.all([1, 2].map(() => propose({ reverseSeq: adjustment?.seq })));
    const outcomes = [];
    for (const twin of twins)
      outcomes.push(await adjusting().approveAdjustment({ book, id: twin.adjustment?.id ?? 0n }, as("bela")));
    expect(outcomes.map((one) => one.adjustment?.status)).toEqual([
      AdjustmentStatus.POSTED,
      AdjustmentStatus.REFUSED,
    ]);
    expect(outcomes[1]?.adjustment?.refusal).toBe("ALREADY_REVERSED");
    const state = "INVALID_OPERATION_STATE";
    expect(await why(propose({ reverseSeq: adjustment?.seq }))).toBe(`${state} ALREADY_REVERSED`);
    expect(await why(propose({ reverseSeq: outcomes[0]?.adjustment?.seq }))).toBe(`${state} NOT_REVERSIBLE`);
    expect(await why(propose({ reverseSeq: 99_999n }))).toBe("RESOURCE_NOT_FOUND TRANSACTION_NOT_FOUND");
  });

  it("refuses for ever what a condition forbids", async () => {
    const conditions = [{ path: "Expenses:WriteOff", currency: "BDT", maxMinor: 0n }];
    const { adjustment } = await propose({ legs: legs(77n), conditions });
    const approve = () => adjusting().approveAdjustment({ book, id: adjustment?.id ?? 0n }, as("bela"));
    for (let i = 0; i < 2; i += 1)
      expect((await approve()).adjustment).toMatchObject({
        status: AdjustmentStatus.REFUSED,
        refusal: "LIMIT_EXCEEDED",
      });
  });

  it("is told what is wrong with a proposal", async () => {
    const bad = async (first: object, second: object = {}) => {
      const [debit, credit] = legs(5n);
      return why(
        propose({
          legs: [
            { ...debit, ...first },
            { ...credit, ...second },
          ],
        }),
      );
    };
    expect(await bad({ amountMinor: 6n })).toBe("VALIDATION_ERROR UNBALANCED_LEGS");
    expect(await bad({ currency: "USD" })).toBe("VALIDATION_ERROR UNBALANCED_LEGS");
    expect(await bad({ amountMinor: 0n }, { amountMinor: 0n })).toBe("VALIDATION_ERROR AMOUNT_OUT_OF_RANGE");
    const huge = 1_000_000_000_000_001n;
    expect(await bad({ amountMinor: huge }, { amountMinor: -huge })).toBe(
      "VALIDATION_ERROR AMOUNT_OUT_OF_RANGE",
    );
    expect(await bad({ path: "Assets:Moon" })).toBe("VALIDATION_ERROR UNKNOWN_ACCOUNT");
    expect(await bad({ ref: "late:1" })).toBe("VALIDATION_ERROR MISPLACED_ITEM");
    expect(await why(propose({ legs: legs(5n).slice(0, 1) }))).toBe("VALIDATION_ERROR UNBALANCED_LEGS");
    expect(await why(propose({}))).toBe("VALIDATION_ERROR");
    for (const businessDate of ["2999-01-01", "2001-01-01", "2026-02-30"])
      expect(await why(propose({ legs: legs(5n), businessDate }))).toBe("VALIDATION_ERROR");
    const key = { idempotencyKey: `${kind}-used` };
    await propose({ legs: legs(5n), ...key });
    expect(await why(propose({ legs: legs(5n), ...key }))).toBe("answered");
    expect(await why(propose({ legs: legs(6n), ...key }))).toBe("IDEMPOTENCY_KEY_CONFLICT");
  });

  it("takes legs by their name", async () => {
    const template = { name: "release-late-money", currency: "BDT", amountMinor: 6_900n, ref: "late:57" };
    const { adjustment } = await propose({ template });
    expect(adjustment?.legs).toMatchObject([
      { path: "Liabilities:Customers:LateMoney", amountMinor: 6_900n, ref: "late:57" },
      { path: "Liabilities:Merchant:Payable", amountMinor: -6_900n },
    ]);
  });

  it("reads the past: after a sequence, at a day, page by page", async () => {
    const key = { path: "Liabilities:Merchant:Payable", currency: "BDT" };
    const lines = [];
    for (let pageToken = ""; ; ) {
      const page = await client.getStatement({ book, ...key, pageSize: 3, pageToken, toSeq: 19n });
      lines.push(...page.lines);
      pageToken = page.nextPageToken;
      if (!pageToken) break;
    }
    for (const { seq, leg, balanceAfterMinor } of lines) {
      if (lines.some((other) => other.seq === seq && other.leg > leg)) continue;
      const { account, asOfSeq } = await client.getBalance({
        book,
        ...key,
        asOf: { at: { case: "seq", value: seq } },
      });
      expect([asOfSeq, account?.balanceMinor]).toEqual([seq, balanceAfterMinor]);
    }
    const day = { at: { case: "businessDate", value: "2026-01-04" } } as const;
    expect((await client.getBalance({ book, ...key, asOf: day })).account?.balanceMinor).toBe(0n);
    const { totals } = await client.getTrialBalance({ book, asOf: { at: { case: "seq", value: 7n } } });
    expect(totals.every((one) => one.debitsMinor === one.creditsMinor && one.debitsMinor > 0n)).toBe(true);
    const { items } = await client.listOpenItems({ book, ref: "refund:4" });
    expect(items).toMatchObject([
      { path: "Liabilities:Refunds:InFlight", amountMinor: -60_000n, wrongSign: false },
    ]);
  });
});

it("posts what a crash left between approval and posting", async () => {
  const { adjustments } = ledger.ports;
  const content =
    '{"businessDate":null,"conditions":[],"legs":[{"amountMinor":"3","currency":"BDT","path":"Expenses:WriteOff","ref":null},{"amountMinor":"-3","currency":"BDT","path":"Liabilities:Merchant:Payable","ref":null}],"reason":"left by a crash","reference":null,"reverseSeq":null}';
  const contentHash = createHash("sha256").update(content).digest();
  const kept = await adjustments.propose(scope, {
    key: "crash",
    content,
    contentHash,
    maker: "anik",
    refusal: null,
  });
  if (kept === "KEY_CONFLICT") throw new Error("a new key");
  await adjustments.decide(scope, kept.id, { status: "APPROVED", checker: "bela" });
  expect(await adjustments.undone(30, 10)).toEqual([]);
  await ledger.as("admin").sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update ledger.adjustment set decided_at = decided_at - interval '1 minute' where id = ${kept.id}`;
  });
  expect(await adjustments.undone(30, 10)).toEqual([{ scope, id: kept.id }]);
});

it("keeps the books of others apart, whatever is asked", async () => {
  const other = freshScope();
  await ledger.ports.books.open(other);
  await ledger.ports.postings.post(
    other,
    [captured(), lateMoney()].map((fact) => draft({ ...fact, scope: other })),
  );
  const client = rpcClient(LedgerService, inMemoryTransport(app.rpc.services));
  const theirs = { applicationId: BigInt(other.applicationId), mode: Mode.LIVE };
  expect((await client.listTransactions({ book: theirs })).transactions).toHaveLength(2);
  expect((await client.getTrialBalance({ book: theirs })).asOfSeq).toBe(2n);
});
