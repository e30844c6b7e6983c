import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SslcommerzAccount } from "../adapters/sslcommerz/account.ts";

const SANDBOX = fileURLToPath(new URL("../../../gateway-sandbox/src/main.ts", import.meta.url));
export const PASSWORD = "canary-int-8d2f";
export const DEADLINE_MS = 1_500;

/** The simulator as a process of its own, because a service never imports a service. For tests only. */
type Sandbox = AsyncDisposable & { readonly url: string; readonly account: SslcommerzAccount };

function accountAt(baseUrl: string): SslcommerzAccount {
  return {
    id: "sslcommerz-test",
    mode: "TEST",
    baseUrl,
    storeId: "testbox",
    storePassword: PASSWORD,
    callsPerSecond: 1_000,
    deadlines: { session: DEADLINE_MS, read: DEADLINE_MS, refund: DEADLINE_MS },
  };
}

export async function startSandbox(more: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const env = {
    PATH: process.env.PATH,
    PORT: "0",
    SANDBOX_STORES: `testbox:${PASSWORD}`,
    SANDBOX_AUTOPILOT: "never",
    SANDBOX_SEED: "contract",
    ...more,
  };
  const child = spawn(process.execPath, [SANDBOX], { env, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    const health = await fetch(`${url}/healthz`);
    if (health.ok) return { url, account: accountAt(url), [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error("the simulator ended before it was ready");
}

/** Steers the simulator through its admin calls. */
export function createAdmin(sandbox: Sandbox) {
  async function call(path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, { ...init, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
  async function removeRules(name: string): Promise<void> {
    const { rules } = (await call("rules")) as { rules: { id: string; name?: string }[] };
    for (const { id } of rules.filter((rule) => rule.name === name)) {
      await fetch(`${sandbox.url}/_sandbox/rules/${id}`, { method: "DELETE" });
    }
  }
  async function act(merchantRef: string, outcome: string): Promise<void> {
    const found = (await call(`sessions?tranId=${merchantRef}`)) as { sessions: { sessionkey: string }[] };
    const sessionKey = found.sessions[0]?.sessionkey;
    await call(`sessions/${sessionKey}/act`, { outcome, dropIpn: true, dropReturn: true, late: true });
  }
  const addRule = (tranId: string, rule: object) => call("rules", { match: { tranId }, ...rule });
  const once = (tranId: string, reply: object) => addRule(tranId, { times: 1, reply });
  return { call, act, addRule, removeRules, once };
}
