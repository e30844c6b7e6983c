import { expect, it } from "vitest";
import { startSandbox } from "../testing/sandbox.ts";

const RULE = { match: { amount: "77.00" }, customer: { outcome: "fail", channel: "BKASH" } };

async function playBoth(autopilot: string) {
  const sandbox = await startSandbox({ SANDBOX_AUTOPILOT: autopilot });
  await sandbox.admin("POST rules", RULE);
  const ruled = await sandbox.open({ total_amount: "77.00" });
  const plain = await sandbox.open();
  const statusOf = async (tranId: string) => {
    const { sessions } = (await sandbox.admin(`GET sessions?tranId=${tranId}`)).body;
    return (sessions as { status: string }[])[0]?.status;
  };
  return { sandbox, read: async () => [await statusOf(ruled.tranId), await statusOf(plain.tranId)] };
}

it.each([
  ["magic", ["FAILED", "PROCESSING"], ["/ipn", "/fail"]],
  ["always", ["FAILED", "VALID"], ["/ipn", "/fail", "/ipn", "/success"]],
])("%s plays by itself", async (autopilot, statuses, paths) => {
  const { sandbox, read } = await playBoth(autopilot);
  await using _ = sandbox;
  await expect.poll(read).toEqual(statuses);
  await sandbox.merchant.until(paths.length);
  expect(sandbox.merchant.received.map(({ path }) => path).sort()).toEqual([...paths].sort());
});

it("never leaves everything to a person", async () => {
  const { sandbox, read } = await playBoth("never");
  await using _ = sandbox;
  await sandbox.admin("POST clock", { advanceMs: 60_000 });
  expect(await read()).toEqual(["PROCESSING", "PROCESSING"]);
});

it("lets the customer think first, past the end of the session if need be", async () => {
  await using sandbox = await startSandbox();
  await sandbox.admin("POST rules", { customer: { afterMs: 1_900_000 } });
  await sandbox.open();
  await sandbox.admin("POST clock", { advanceMs: 2_000_000 });
  expect(sandbox.merchant.received.map(({ fields }) => fields.status)).toEqual(["EXPIRED", "VALID", "VALID"]);
});

it.each([{ cut: "after" }, { status: 500 }, { body: "html" }])(
  "plays nobody whose page address was lost on the way: %j",
  async (session) => {
    await using sandbox = await startSandbox({ SANDBOX_AUTOPILOT: "always" });
    await sandbox.admin("POST rules", { reply: { session } });
    await sandbox.postSession(sandbox.order()).catch(() => "lost");
    await sandbox.admin("POST clock", { advanceMs: 1_000 });
    expect((await sandbox.admin("GET sessions")).body.sessions).toMatchObject([{ status: "PROCESSING" }]);
  },
);

it("plays nobody when the merchant hung up before the answer came", async () => {
  await using sandbox = await startSandbox({ SANDBOX_AUTOPILOT: "always" });
  await sandbox.admin("POST rules", { times: 1, reply: { session: { delayMs: 60 } } });
  const { host, port } = sandbox.app.address;
  const request = fetch(`http://${host}:${port}/gwprocess/v4/api.php`, {
    method: "POST",
    body: new URLSearchParams(sandbox.order()),
    signal: AbortSignal.timeout(20),
  });
  await expect(request).rejects.toThrow();
  const readJournal = async () => (await sandbox.admin("GET journal")).body.entries;
  await expect.poll(readJournal).toMatchObject([{ op: "session", httpStatus: 200 }]);
  await sandbox.admin("POST clock", { advanceMs: 60_000 });
  expect((await sandbox.admin("GET sessions")).body.sessions).toMatchObject([{ status: "PROCESSING" }]);
});
