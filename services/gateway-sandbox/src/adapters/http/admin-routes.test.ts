import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MAGIC_ROWS } from "../../domain/magic/table.ts";
import { verifyAsMerchant } from "../../testing/merchant.ts";
import { type SandboxUnderTest, startSandbox } from "../../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await sandbox.admin("POST reset");
  sandbox.merchant.received.length = 0;
});

const last = () => sandbox.merchant.received.at(-1);

describe("rules", () => {
  it("are added, listed with their uses, and removed", async () => {
    const added = await sandbox.admin("POST rules", { name: "quiet", ipn: { drop: true } });
    expect(added).toMatchObject({ status: 201, body: { name: "quiet", uses: {} } });
    const { sessionKey } = await sandbox.open();
    await sandbox.act(sessionKey);
    const { id } = added.body;
    expect((await sandbox.admin("GET rules")).body.rules).toMatchObject([{ id, uses: { ipn: 1 } }]);
    expect((await sandbox.admin(`DELETE rules/${String(id)}`)).body.rules).toEqual([]);
    expect((await sandbox.admin(`DELETE rules/${String(id)}`)).status).toBe(404);
  });

  it("are all removed at once", async () => {
    await sandbox.admin("POST rules", {});
    await sandbox.admin("POST rules", {});
    expect((await sandbox.admin("DELETE rules")).body.rules).toEqual([]);
  });

  it.each([[{ ipn: { dorp: true } }], [{ times: "1" }], [[]], ["text"]])("refuse %j", async (rule) => {
    const { status, body } = await sandbox.admin("POST rules", rule);
    expect(status).toBe(400);
    expect(body.error).toMatch(/^rule/);
  });

  it("drop, delay, repeat and change the notification", async () => {
    const rules = {
      "11.00": { drop: true },
      "12.00": { delayMs: 10_000 },
      "13.00": { copies: 3 },
      "14.00": { sign: "bad" },
      "15.00": { set: { amount: "1.00" } },
      "16.00": { setSigned: { amount: "1.00" } },
    };
    for (const [amount, ipn] of Object.entries(rules))
      await sandbox.admin("POST rules", { match: { amount }, ipn });
    const counts: Record<string, number> = {};
    const signed: Record<string, boolean> = {};
    for (const amount of Object.keys(rules)) {
      sandbox.merchant.received.length = 0;
      const { sessionKey } = await sandbox.open({ total_amount: amount });
      await sandbox.act(sessionKey, { waitMs: 200 });
      const ipns = sandbox.merchant.at("/ipn");
      counts[amount] = ipns.length;
      signed[amount] = verifyAsMerchant(ipns[0]?.fields ?? {}, "qwerty").sha256;
      if (ipns.length > 1) expect(new Set(ipns.map(({ fields }) => JSON.stringify(fields))).size).toBe(1);
      expect(sandbox.merchant.at("/success")).toHaveLength(1);
    }
    expect(counts).toEqual({ "11.00": 0, "12.00": 0, "13.00": 3, "14.00": 1, "15.00": 1, "16.00": 1 });
    expect([signed["13.00"], signed["14.00"], signed["15.00"], signed["16.00"]]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(sandbox.merchant.at("/ipn")[0]?.fields.amount).toBe("1.00");
    sandbox.merchant.received.length = 0;
    await sandbox.admin("POST clock", { advanceMs: 10_000 });
    expect(sandbox.merchant.at("/ipn")).toMatchObject([{ fields: { amount: "12.00" } }]);
  });

  it("drop and delay the browser's return", async () => {
    await sandbox.admin("POST rules", { match: { amount: "11.00" }, return: { drop: true } });
    await sandbox.admin("POST rules", { match: { amount: "12.00" }, return: { delayMs: 10_000 } });
    for (const total_amount of ["11.00", "12.00"]) {
      const { sessionKey } = await sandbox.open({ total_amount });
      await sandbox.act(sessionKey, { waitMs: 200 });
    }
    expect(sandbox.merchant.received.map(({ path }) => path)).toEqual(["/ipn", "/ipn"]);
    await sandbox.admin("POST clock", { advanceMs: 10_000 });
    expect(last()).toMatchObject({ path: "/success", fields: { amount: "12.00" } });
  });
});

describe("magic amounts", () => {
  it("are told as the table that works", async () => {
    const { status, body } = await sandbox.admin("GET magic");
    expect(status).toBe(200);
    expect(body.rows).toEqual(JSON.parse(JSON.stringify(MAGIC_ROWS)));
  });

  it("count as uses of no rule that could be listed, and a reset begins anew", async () => {
    const value_a = "pay_reset";
    const status = async () => {
      const fields = sandbox.order({ total_amount: "4042.01", value_a });
      return (await sandbox.postSession(fields)).body.status;
    };
    expect([await status(), await status()]).toEqual(["FAILED", "SUCCESS"]);
    expect((await sandbox.admin("GET rules")).body.rules).toEqual([]);
    await sandbox.admin("POST reset");
    expect(await status()).toBe("FAILED");
  });
});

describe("callbacks", () => {
  it("sends a notification of money that was never paid, and nothing else changes", async () => {
    const { tranId } = await sandbox.open();
    const { status, body } = await sandbox.admin("POST callbacks", { tranId, status: "VALID" });
    expect(status).toBe(200);
    expect(body).toMatchObject({ channel: "ipn", httpStatus: 200, status: "VALID", tranId });
    expect(verifyAsMerchant(last()?.fields ?? {}, "qwerty")).toMatchObject({ md5: true, sha256: true });
    expect((await sandbox.admin("GET charges")).body.charges).toEqual([]);
    expect((await sandbox.validate({ val_id: last()?.fields.val_id ?? "" })).body.status).toBe(
      "INVALID_TRANSACTION",
    );
  });

  it("tells the genuine money where there is some", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey);
    const genuine = last()?.fields;
    await sandbox.admin("POST callbacks", { tranId, channel: "return", status: "VALID" });
    expect(last()).toMatchObject({ path: "/success", fields: genuine });
  });

  it.each([
    ["good", true, true],
    ["bad", false, false],
    ["none", false, false],
    ["md5_only", true, false],
    ["other_password", false, false],
  ])("signs %s", async (sign, md5, sha256) => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST callbacks", { tranId, status: "FAILED", sign });
    const fields = last()?.fields ?? {};
    expect(verifyAsMerchant(fields, "qwerty")).toMatchObject({ md5, sha256 });
    expect("verify_sign_sha2" in fields).toBe(sign !== "none" && sign !== "md5_only");
    expect("verify_key" in fields).toBe(sign !== "none");
  });

  it("changes fields before or after signing", async () => {
    const { tranId } = await sandbox.open();
    await sandbox.admin("POST callbacks", { tranId, set: { amount: "1.00" } });
    expect(last()?.fields.amount).toBe("1.00");
    expect(verifyAsMerchant(last()?.fields ?? {}, "qwerty").sha256).toBe(false);
    await sandbox.admin("POST callbacks", { tranId, setSigned: { amount: "2.00", value_d: "অ&=+" } });
    expect(last()?.fields).toMatchObject({ amount: "2.00", value_d: "অ&=+" });
    expect(verifyAsMerchant(last()?.fields ?? {}, "qwerty").sha256).toBe(true);
  });

  it("sends the last one again, byte for byte", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey);
    const [first] = sandbox.merchant.at("/ipn");
    await sandbox.admin("POST callbacks", { tranId, resend: true });
    expect(sandbox.merchant.at("/ipn").map(({ fields }) => fields)).toEqual([first?.fields, first?.fields]);
  });

  it("needs a session, or something to repeat", async () => {
    expect((await sandbox.admin("POST callbacks", { tranId: "nothing" })).status).toBe(404);
    const { tranId } = await sandbox.open();
    expect((await sandbox.admin("POST callbacks", { tranId, resend: true })).status).toBe(404);
    expect((await sandbox.admin("POST callbacks", { tranId, status: "MAYBE" })).status).toBe(400);
  });

  it("reports a merchant that cannot be reached", async () => {
    const { tranId } = await sandbox.open({ ipn_url: "http://127.0.0.1:1/ipn" });
    const { body } = await sandbox.admin("POST callbacks", { tranId });
    expect(body).toMatchObject({ httpStatus: null });
    expect(body.error).toContain("ECONNREFUSED");
  });
});

describe("the books", () => {
  it("hold every request and callback with its answer, and no password", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey);
    await sandbox.ask({ tran_id: tranId });
    await sandbox.open();
    const { entries } = (await sandbox.admin(`GET journal?tranId=${tranId}`)).body;
    expect(entries).toMatchObject([
      { kind: "request", op: "session", httpStatus: 200, answer: "SUCCESS", fault: null },
      { kind: "callback", channel: "ipn", status: "VALID", httpStatus: 200 },
      { kind: "callback", channel: "return", status: "VALID", httpStatus: 303 },
      { kind: "request", op: "query", httpStatus: 200, answer: "VALID" },
    ]);
    const sequence = (entries as { seq: number }[]).map(({ seq }) => seq);
    expect(sequence).toEqual([...sequence].sort((a, b) => a - b));
    expect(JSON.stringify(entries)).not.toContain("qwerty");
  });

  it("hold sessions and charges", async () => {
    const { sessionKey, tranId } = await sandbox.open();
    await sandbox.act(sessionKey, { channel: "ROCKET" });
    const { sessions } = (await sandbox.admin(`GET sessions?tranId=${tranId}`)).body;
    expect(sessions).toMatchObject([{ sessionkey: sessionKey, tranId, status: "VALID", ended: true }]);
    expect((await sandbox.admin("GET charges")).body.charges).toMatchObject([
      { tranId, channel: "ROCKET", amount: "600.00", storeAmount: "585.00", refunded: "0.00" },
    ]);
    expect((await sandbox.admin("GET charges?tranId=other")).body.charges).toEqual([]);
  });

  it("are empty after a reset, and the same seed begins again", async () => {
    const first = await sandbox.open();
    await sandbox.admin("POST rules", {});
    await sandbox.admin("POST outage", { mode: "500" });
    await sandbox.admin("POST reset");
    for (const list of ["sessions", "charges", "refunds", "rules"]) {
      expect((await sandbox.admin(`GET ${list}`)).body[list]).toEqual([]);
    }
    expect((await sandbox.admin("GET journal")).body.entries).toEqual([]);
    expect((await sandbox.open()).sessionKey).toBe(first.sessionKey);
  });
});

describe("who may call", () => {
  const fetchAdmin = (target: SandboxUnderTest, headers: Record<string, string>) => {
    const { host, port } = target.app.address;
    return fetch(`http://${host}:${port}/_sandbox/reset`, { method: "POST", headers });
  };

  it("is anybody without a browser, but no page of another origin", async () => {
    expect((await fetchAdmin(sandbox, {})).status).toBe(200);
    expect((await fetchAdmin(sandbox, { origin: "https://elsewhere.example" })).status).toBe(403);
    expect((await fetchAdmin(sandbox, { origin: sandbox.app.url })).status).toBe(200);
  });

  it("is the holder of the token where one is configured", async () => {
    await using guarded = await startSandbox({ SANDBOX_ADMIN_TOKEN: "s3cret" });
    expect((await fetchAdmin(guarded, {})).status).toBe(401);
    expect((await fetchAdmin(guarded, { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await fetchAdmin(guarded, { authorization: "Bearer s3cret" })).status).toBe(200);
    expect((await guarded.postSession(guarded.order())).body.status).toBe("SUCCESS");
  });

  it("finds no call that does not exist", async () => {
    expect((await sandbox.admin("GET nothing")).status).toBe(404);
    expect((await sandbox.admin("PUT rules", {})).status).toBe(404);
    expect((await sandbox.admin("POST clock", { advanceMs: -1 })).status).toBe(400);
  });
});
