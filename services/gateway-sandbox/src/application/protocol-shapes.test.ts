import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { listCharges } from "../testing/magic.ts";
import { startSandbox } from "../testing/sandbox.ts";

type Shape = { readonly source: string; readonly fields: readonly string[] };
const SHAPES = JSON.parse(
  readFileSync(new URL("../testing/protocol-shapes.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Shape>>;

type Json = Record<string, unknown>;
const firstOf = (list: unknown): Json => (list as Json[])[0] ?? {};

/** Every answer and callback of the protocol, by the name of its shape. */
async function collect(): Promise<Readonly<Record<string, Json>>> {
  await using sandbox = await startSandbox();
  const { merchant } = sandbox;
  const opened = (await sandbox.postSession(sandbox.order())).body;
  const { sessionKey, tranId } = await sandbox.open();
  await sandbox.act(sessionKey);
  const [charge] = await listCharges(sandbox, tranId);
  const failed = await sandbox.open();
  await sandbox.act(failed.sessionKey, { outcome: "fail" });
  await sandbox.admin("POST rules", { ipn: { sign: "old_25_keys" } });
  const old = await sandbox.open();
  await sandbox.act(old.sessionKey);
  const query = (await sandbox.ask({ tran_id: tranId })).body;
  const refund = await sandbox.ask({
    bank_tran_id: charge?.bankTranId ?? "",
    refund_trans_id: "rf_1",
    refund_amount: "10.00",
    refund_remarks: "Returned",
  });
  return {
    session: opened,
    "session.gw": opened.gw as Json,
    "session.desc": firstOf(opened.desc),
    notification: merchant.at("/ipn")[0]?.fields ?? {},
    "notification.old": merchant.at("/ipn").at(-1)?.fields ?? {},
    "return.fail": merchant.at("/fail")[0]?.fields ?? {},
    validation: (await sandbox.validate({ val_id: charge?.valId ?? "" })).body,
    query,
    "query.element": firstOf(query.element),
    "query.sessionkey": (await sandbox.ask({ sessionkey: sessionKey })).body,
    refund: refund.body,
    "refund.status": (await sandbox.ask({ refund_ref_id: String(refund.body.refund_ref_id) })).body,
  };
}

/** These are known to the last field; answers may hold more than is documented. */
const WHOLE = new Set(["notification", "notification.old", "refund", "refund.status"]);

it("says everything that the published shapes have, and no more where they are whole", async () => {
  const answers = await collect();
  expect(Object.keys(answers)).toEqual(Object.keys(SHAPES));
  for (const [name, { source, fields }] of Object.entries(SHAPES)) {
    expect(source).not.toBe("");
    const keys = Object.keys(answers[name] ?? {}).sort();
    const missing = fields.filter((field) => !keys.includes(field));
    expect([name, missing]).toEqual([name, []]);
    if (WHOLE.has(name)) expect([name, keys]).toEqual([name, [...fields].sort()]);
  }
});
