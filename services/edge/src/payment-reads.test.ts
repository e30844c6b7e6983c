import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the rpc adapters. Doubles: services of a few lines. Oracle: contract §1 and §4. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.listed.length = 0;
});

const good = { amountMinor: 10_000, customerReference: "cust_123" };

describe("GET /payments/:id", () => {
  test("finds what was made", async () => {
    const made = await edge.call("POST", "/api/v1/payments", good, { "idempotency-key": "found" });
    const { data } = JSON.parse(made.text);
    const answer = await edge.call("GET", `/api/v1/payments/${data.id}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).data).toEqual(data);
  });

  test.each([
    "0",
    "-1",
    "01",
    "1.0",
    "1e3",
    "abc",
    "pay_1",
    "9007199254740992",
    "99999999999999999999",
    "%00",
    "777",
  ])("%s is the id of nothing", async (id) => {
    expectRefusal(await edge.call("GET", `/api/v1/payments/${id}`), 404, "RESOURCE_NOT_FOUND");
  });
});

describe("GET /payments", () => {
  const list = (query: string) => edge.call("GET", `/api/v1/payments?${query}`);

  test("asks for the newest twenty and counts the pages", async () => {
    const answer = await list("customerReference=cust_123");
    expect(answer.status).toBe(200);
    const { data, pagination } = JSON.parse(answer.text);
    expect(data).toHaveLength(1);
    expect(pagination).toEqual({ page: 0, size: 20, totalElements: 137, totalPages: 7 });
    const [asked] = edge.payments.listed;
    expect(asked).toMatchObject({ customerReference: "cust_123", pageSize: 20, skip: 0, ascending: false });
    expect(asked).toMatchObject({ status: 0, sortBy: 1, mode: 1, applicationId: 42n });
    expect(asked).not.toHaveProperty("reference");
  });

  test("passes every parameter on", async () => {
    const from = "2026-06-04T10:00:00Z";
    const query = `reference=pay_1&status=PARTIALLY_REFUNDED&from=${from}&to=2026-06-05T00:00:00.5Z`;
    expect((await list(`${query}&page=99&size=100&sortBy=amountMinor&order=ASC&unknown=1`)).status).toBe(200);
    expect(edge.payments.listed[0]).toMatchObject({
      reference: "pay_1",
      status: 7,
      from: { seconds: 1_780_567_200n, nanos: 0 },
      to: { nanos: 500_000_000 },
      skip: 9_900,
      pageSize: 100,
      sortBy: 3,
      ascending: true,
    });
  });

  test.each([
    ["", "customerReference"],
    ["customerReference=", "customerReference"],
    [`customerReference=${"c".repeat(256)}`, "customerReference"],
    ["customerReference=%00", "customerReference"],
    ["customerReference=a&customerReference=b", "customerReference"],
    [`reference=${"r".repeat(65)}`, "reference"],
    ["customerReference=c&page=-1", "page"],
    ["customerReference=c&page=01", "page"],
    ["customerReference=c&page=1.5", "page"],
    ["customerReference=c&page=x", "page"],
    ["customerReference=c&page=500", "page"],
    ["customerReference=c&page=100&size=100", "page"],
    ["customerReference=c&page=99999999999", "page"],
    ["customerReference=c&size=0", "size"],
    ["customerReference=c&size=101", "size"],
    ["customerReference=c&size=", "size"],
    ["customerReference=c&page=1&page=2", "page"],
    ["customerReference=c&status=created", "status"],
    ["customerReference=c&status=UNSPECIFIED", "status"],
    ["customerReference=c&sortBy=id", "sortBy"],
    ["customerReference=c&sortBy=__proto__", "sortBy"],
    ["customerReference=c&order=asc", "order"],
    ["customerReference=c&from=2026-06-04", "from"],
    ["customerReference=c&from=2026-02-30T00:00:00Z", "from"],
    ["customerReference=c&from=2026-06-04T25:00:00Z", "from"],
    ["customerReference=c&to=2026-06-04T10:00:00%2B06:00", "to"],
    ["customerReference=c&to=1780567200", "to"],
  ])("?%s is 400 on %s", async (query, field) => {
    const answer = await list(query);
    expect(Object.keys(expectRefusal(answer, 400, "VALIDATION_ERROR") ?? {})).toEqual([field]);
    expect(edge.payments.listed).toEqual([]);
  });
});
