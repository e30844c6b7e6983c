import { beforeEach, describe, expect, test } from "vitest";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import {
  type Answer,
  CREDENTIALS,
  type EdgeHarness,
  expectRefusal,
  startEdge,
} from "./testing/edge-harness.ts";

/**
 * Real: HTTP, the app, the buckets. Doubles: services of a few lines. Oracle: reliability.md §9, experience.md §1.3. Limits
 * are so small, and buckets fill so slowly, that the machine's own speed does not matter.
 */
const ME = "/api/v1/app/me";
const PAY = "/api/v1/payments";
const IPN = "/api/v1/gateways/sslcommerz/ipn";

async function statuses(count: number, send: (i: number) => Promise<Answer>): Promise<readonly number[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < count; i++) answers.push(await send(i));
  return answers.map(({ status }) => status);
}

const limited = (env: Record<string, string>): Promise<EdgeHarness> => startEdge({ env });
const from = (address: string) => ({ "x-forwarded-for": address });

describe("per credential", () => {
  test("counters go down by one a call, are announced as documented, and end in 429", async () => {
    await using edge = await limited({ RATE_LIMIT_RPS: "1", RATE_LIMIT_BURST: "4" });
    const first = await edge.call("GET", ME);
    expect(first.headers).toMatchObject({
      "ratelimit-policy": '"default";q=1;w=1',
      "x-ratelimit-limit": "1",
    });
    const seen = await statuses(12, () => edge.call("POST", PAY, { amountMinor: 1, customerReference: "c" }));
    expect(seen.slice(0, 3)).toEqual([201, 201, 201]);
    expect(seen).toContain(429);
    const paid = edge.payments.created.length;
    let last = await edge.call("POST", PAY, "{");
    while (last.status !== 429) last = await edge.call("POST", PAY, "{");
    expectRefusal(last, 429, "RATE_LIMITED");
    expect(last.headers).toMatchObject({
      "retry-after": "1",
      "x-should-retry": "true",
      ratelimit: expect.stringMatching(/^"default";r=0;t=[1-4]$/),
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": expect.stringMatching(/^[1-4]$/),
    });
    expect(edge.payments.created).toHaveLength(paid);
  });

  test("the standing is on every answer to a known caller, refusals included, and on no other", async () => {
    await using edge = await limited({ RATE_LIMIT_RPS: "100", RATE_LIMIT_BURST: "200" });
    const first = await edge.call("GET", ME);
    expect(first.headers).toMatchObject({
      "ratelimit-policy": '"default";q=100;w=1',
      ratelimit: '"default";r=99;t=1',
      "x-ratelimit-limit": "100",
      "x-ratelimit-remaining": "99",
      "x-ratelimit-reset": "1",
    });
    for (const [method, path, body] of [
      ["GET", `${PAY}/77`, undefined],
      ["POST", PAY, "{"],
      ["POST", PAY, "x".repeat(70_000)],
      ["GET", `${PAY}?size=0`, undefined],
    ] as const) {
      const answer = await edge.call(method, path, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers.ratelimit).toMatch(/^"default";r=\d+;t=1$/);
    }
    for (const path of [ME, "/nothing", "/docs", `/checkout/${CHECKOUT.reference}`]) {
      expect((await edge.send("GET", path)).headers.ratelimit).toBeUndefined();
    }
  });

  test("customers, the gateway and strangers are not slowed by a merchant who is", async () => {
    await using edge = await limited({ RATE_LIMIT_RPS: "1", RATE_LIMIT_BURST: "1" });
    edge.checkouts.put(CHECKOUT);
    await statuses(3, () => edge.call("GET", ME));
    const path = `/checkout/${CHECKOUT.reference}`;
    // Even with the merchant's own headers: these routes know no credentials.
    expect(await statuses(20, () => edge.call("GET", `/api/v1${path}`))).not.toContain(429);
    expect(await statuses(20, () => edge.send("POST", `${path}/pay`))).not.toContain(429);
    expect(await statuses(20, () => edge.send("POST", IPN))).not.toContain(429);
  });
});

describe("per address", () => {
  test("whoever shows no credential has a bucket for all paths together, and others have their own", async () => {
    await using edge = await limited({ RATE_LIMIT_ADDRESS_RPS: "1", TRUSTED_PROXY_HOPS: "1" });
    const paths = ["/nothing", ME, "/docs/errors", "/api/v1/payments/1", "/%zz"];
    const seen = await statuses(10, (i) =>
      edge.send("GET", paths[i % 5] ?? "", { headers: from("192.0.2.1") }),
    );
    expect(seen.slice(0, 2)).toEqual([404, 401]);
    expect(seen.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
    const other = await edge.send("GET", "/nothing", { headers: from("192.0.2.2") });
    expectRefusal(other, 404, "RESOURCE_NOT_FOUND");
    expect((await edge.call("GET", ME, undefined, from("192.0.2.1"))).status).toBe(200);
    // One customer of a provider owns a whole /64.
    const spread = await statuses(10, (i) =>
      edge.send("GET", "/nothing", { headers: from(`2001:db8:0:1::${i}`) }),
    );
    expect(spread).toContain(429);
  });

  test("an address that a client claims for itself changes nothing", async () => {
    await using edge = await limited({ RATE_LIMIT_ADDRESS_RPS: "1" });
    const seen = await statuses(10, (i) => edge.send("GET", "/nothing", { headers: from(`192.0.2.${i}`) }));
    expect(seen).toContain(429);
  });

  test("customers share ten times as much, since a carrier puts thousands behind one address", async () => {
    await using edge = await limited({ RATE_LIMIT_ADDRESS_RPS: "1" });
    edge.checkouts.put(CHECKOUT);
    const path = `/checkout/${CHECKOUT.reference}`;
    const headers = { "accept-language": "en" };
    const answers = await Promise.all(Array.from({ length: 80 }, () => edge.send("GET", path, { headers })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(20);
    expect(refused[0]?.headers["retry-after"]).toBe("1");
    expect(refused[0]?.text).toContain("Not possible just now");
    // The way back ends on the page whatever happens.
    const back = await edge.send("POST", `/api/v1/gateways/sslcommerz/return/success/${CHECKOUT.reference}`);
    expect(back.status).toBe(303);
  });

  test("the gateway's own calls have a limit of their own", async () => {
    await using edge = await limited({ RATE_LIMIT_GATEWAY_RPS: "1", RATE_LIMIT_ADDRESS_RPS: "1000" });
    const seen = await statuses(8, () => edge.send("POST", IPN));
    expect(seen.slice(0, 2)).toEqual([200, 200]);
    expect(seen).toContain(429);
    expect((await edge.send("GET", "/nothing")).status).toBe(404);
  });
});

describe("failed authentications", () => {
  let now = 0;
  beforeEach(() => {
    now += 1;
  });
  const wrong = (n: number) => ({ ...CREDENTIALS, "x-api-secret": `wrong-${now}-${n}` });

  test("500 wrong secrets on a real key reach payments a handful of times, and its owner not less", async () => {
    await using edge = await limited({
      RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: "10",
      CREDENTIAL_CACHE_SECONDS: "0",
      TRUSTED_PROXY_HOPS: "1",
    });
    expect((await edge.call("GET", ME)).status).toBe(200);
    edge.payments.calls.length = 0;
    const attack = Array.from({ length: 500 }, (_, n) =>
      edge.send("GET", ME, { headers: { ...wrong(n), ...from(`192.0.2.${n % 250}`) } }),
    );
    const owner = Array.from({ length: 10 }, () => edge.call("GET", ME));
    const answers = await Promise.all(attack);
    expect((await Promise.all(owner)).map(({ status }) => status)).not.toContain(429);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(480);
    for (const answer of refused.slice(0, 3)) expectRefusal(answer, 429, "RATE_LIMITED");
    expect(Number(refused[0]?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(edge.payments.calls.length).toBeLessThanOrEqual(10 + 5 + owner.length);
    expect((await edge.call("GET", ME)).status).toBe(200);
  });

  test("an address that tries many keys is stopped, and not its neighbour", async () => {
    await using edge = await limited({ RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: "3", TRUSTED_PROXY_HOPS: "1" });
    const attempt = (n: number, address: string) =>
      edge.send("GET", ME, { headers: { "x-api-key": `k-${n}`, "x-api-secret": "s", ...from(address) } });
    expect(await statuses(5, (n) => attempt(n, "192.0.2.1"))).toEqual([401, 401, 401, 429, 429]);
    expect((await attempt(9, "192.0.2.2")).status).toBe(401);
    expect(edge.payments.calls).toHaveLength(4);
  });
});
