import { Code } from "@connectrpc/connect";
import { inMemoryTransport, type RpcClient, rpcClient } from "@oi/platform/rpc/client";
import { fromRpcError, rpc } from "@oi/platform/rpc/errors";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { beforeAll, describe, expect, it } from "vitest";
import { eventIdOf } from "../../domain/event-identity.ts";
import { captured, draft, lateMoney, RECORDED_AT } from "../../testing/facts.ts";
import { memoryUseCases } from "../../testing/memory-use-cases.ts";
import { memoryLedger } from "../memory/memory-ledger.ts";
import { ledgerService } from "./ledger-service.ts";

const BOOK = { applicationId: 7n, mode: Mode.LIVE };
const NOWHERE = { applicationId: 7n, mode: Mode.TEST };
const PAYABLE = { path: "Liabilities:Merchant:Payable", currency: "BDT" };
const FACTS = [captured(), lateMoney(), lateMoney({ receiptId: 56 })];

let client: RpcClient<typeof LedgerService>;

beforeAll(async () => {
  const ledger = memoryLedger({ now: () => RECORDED_AT });
  const scope = { applicationId: 7, mode: "LIVE" } as const;
  await ledger.books.open(scope);
  await ledger.postings.post(scope, FACTS.map(draft));
  const service = mountService(LedgerService, ledgerService(memoryUseCases(ledger)), silentLogger());
  client = rpcClient(LedgerService, inMemoryTransport([service]));
});

/** The refusal of a call, as the caller's program sees it. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
  return rpc(call).then(
    () => "answered",
    ({ reason, fields, metadata }) => ({ reason, fields, metadata }),
  );
}

it("answers a balance on both sides, as of a sequence", async () => {
  expect(await client.getBalance({ book: BOOK, ...PAYABLE })).toMatchObject({
    account: {
      ...PAYABLE,
      code: "2100",
      clearing: false,
      debitsMinor: 0n,
      creditsMinor: 60_000n,
      balanceMinor: -60_000n,
      normalBalanceMinor: 60_000n,
      version: 1n,
    },
    asOfSeq: 3n,
  });
});

it("answers a trial balance whose totals are equal", async () => {
  const { accounts, totals, asOfSeq } = await client.getTrialBalance({ book: BOOK });
  expect(accounts.map((account) => account.code)).toEqual(["1100", "5100", "2130", "2100"]);
  expect(totals).toMatchObject([{ currency: "BDT", debitsMinor: 75_644n, creditsMinor: 75_644n }]);
  expect(asOfSeq).toBe(3n);
});

it("lists a payment's transactions with their legs and the event they came from", async () => {
  const { transactions } = await client.listTransactions({ book: BOOK, reference: "payment:123" });
  expect(transactions.map((one) => one.kind)).toEqual(["CAPTURE", "LATE", "LATE"]);
  expect(transactions[0]).toMatchObject({
    seq: 1n,
    rule: 1,
    businessDate: "2026-01-05",
    idempotencyKey: "payment:123:captured",
    eventId: eventIdOf(FACTS[0]?.source?.eventUuid ?? ""),
    legs: [
      { ref: "payment:123", amountMinor: 60_000n, balanceAfterMinor: 60_000n, accountVersion: 1n },
      {},
      {},
      {},
    ],
  });
  expect(transactions[0]?.legs[1]?.ref).toBeUndefined();
});

describe("pages", () => {
  it("walk all accounts and all transactions, each once", async () => {
    const paths: string[] = [];
    const seqs: bigint[] = [];
    for (let pageToken = ""; ; ) {
      const page = await client.listAccounts({ book: BOOK, pageSize: 3, pageToken });
      paths.push(...page.accounts.map((account) => account.path));
      pageToken = page.nextPageToken;
      if (!pageToken) break;
    }
    for (let pageToken = ""; ; ) {
      const request = { book: BOOK, reference: "payment:123", pageSize: 2, pageToken };
      const page = await client.listTransactions(request);
      seqs.push(...page.transactions.map((one) => one.seq));
      pageToken = page.nextPageToken;
      if (!pageToken) break;
    }
    expect(paths).toHaveLength(4);
    expect(new Set(paths).size).toBe(4);
    expect(seqs).toEqual([1n, 2n, 3n]);
  });

  it("are as large as asked, within limits", async () => {
    expect((await client.listAccounts({ book: BOOK, pageSize: 100_000 })).accounts).toHaveLength(4);
    expect(await refusal(client.listAccounts({ book: BOOK, pageSize: -1 }))).toMatchObject({
      reason: "VALIDATION_ERROR",
    });
  });

  it("refuse a token that is none of ours, or was given for other arguments", async () => {
    const { nextPageToken } = await client.listAccounts({ book: BOOK, pageSize: 1 });
    const wrong = { reason: "VALIDATION_ERROR", fields: { pageToken: expect.any(String) } };
    const bytes = Buffer.from(nextPageToken, "base64url");
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    const altered = bytes.toString("base64url");
    for (const pageToken of ["x", "bnVsbA", `${nextPageToken}=`, nextPageToken.slice(0, -2), altered]) {
      expect(await refusal(client.listAccounts({ book: BOOK, pageToken }))).toMatchObject(wrong);
    }
    const other = client.listAccounts({ book: BOOK, pathPrefix: "Assets", pageToken: nextPageToken });
    expect(await refusal(other)).toMatchObject(wrong);
    const otherBook = client.listAccounts({ book: NOWHERE, pageToken: nextPageToken });
    expect(await refusal(otherBook)).toMatchObject(wrong);
    const otherList = client.listTransactions({ book: BOOK, pageToken: nextPageToken });
    expect(await refusal(otherList)).toMatchObject(wrong);
  });
});

describe("a book or account that is not there", () => {
  it("is not found, by name", async () => {
    const missing = (cause: string) => ({ reason: "RESOURCE_NOT_FOUND", fields: {}, metadata: { cause } });
    expect(await refusal(client.getBalance({ book: NOWHERE, ...PAYABLE }))).toEqual(
      missing("BOOK_NOT_FOUND"),
    );
    expect(await refusal(client.getBalance({ book: BOOK, ...PAYABLE, currency: "USD" }))).toEqual(
      missing("ACCOUNT_NOT_FOUND"),
    );
    expect(await refusal(client.listAccounts({ book: NOWHERE }))).toEqual(missing("BOOK_NOT_FOUND"));
    expect(await refusal(client.getTrialBalance({ book: NOWHERE }))).toEqual(missing("BOOK_NOT_FOUND"));
  });

  it("has no transactions", async () => {
    const none = await client.listTransactions({ book: NOWHERE, reference: "payment:123" });
    expect(none).toMatchObject({ transactions: [], nextPageToken: "" });
  });
});

it("refuses a request without a book or mode before anything is read", async () => {
  const failure = await client.getTrialBalance({ book: { applicationId: 7n } }).catch((error) => error);
  expect(failure.code).toBe(Code.InvalidArgument);
  expect(fromRpcError(failure).fields).toHaveProperty("book.mode");
  expect(await refusal(client.getTrialBalance({}))).toMatchObject({ reason: "VALIDATION_ERROR" });
});
