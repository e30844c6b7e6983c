import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import { freePort } from "@oi/tools/infra/ports";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const COMPILED = fileURLToPath(new URL("../../../../node_modules/.cache/node", import.meta.url));

/** The service as a process of its own that dies at a failpoint, so often, and is started again. For tests only. */
export type ServiceProcess = AsyncDisposable & {
  /** One RPC as JSON; a call that the service died under is made again once it is back. */
  call(method: string, body: object, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** How often the failpoint ended it. */
  readonly kills: () => number;
};

export type Answer = { readonly ok: boolean; readonly body: Record<string, never> };

export async function startService(
  env: Readonly<Record<string, string>>,
  failpoint: string,
  times: number,
): Promise<ServiceProcess> {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  let kills = 0;
  let stopping = false;
  /** A life after the first lets one passage be, so that there is progress. */
  const armed = () => (kills === 0 ? failpoint : `${failpoint}:2`);
  const launch = () => {
    const ports = { RPC_PORT: "0", OPS_PORT: port };
    const more = kills < times ? { ...ports, FAILPOINT: armed() } : ports;
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: "", LOG_LEVEL: "warn", NODE_COMPILE_CACHE: COMPILED, ...env, ...more },
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("exit", (_, signal) => {
      if (stopping) return;
      if (signal === "SIGKILL") kills += 1;
      running = launch();
    });
    return child;
  };
  let running = launch();
  const ready = () =>
    eventually(
      async () => {
        const { status } = await fetch(`${url}/readyz`);
        if (status !== 200) throw new Error("not ready");
      },
      { withinMs: 60_000 },
    );
  await ready();
  return {
    kills: () => kills,
    call: async (method, body, headers = {}) => {
      for (;;) {
        try {
          const answer = await fetch(`${url}/oi.payments.v1.${method}`, {
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
            body: JSON.stringify(body),
          });
          return { ok: answer.ok, body: (await answer.json()) as Answer["body"] };
        } catch {
          await ready();
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      stopping = true;
      const exited = once(running, "exit");
      running.kill("SIGTERM");
      await exited;
    },
  };
}
