import { request } from "node:http";

const LIMIT_MS = 2_000;

/** Whether a Docker engine answers on its socket; a socket file alone proves nothing. */
export function dockerAnswers(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const host = env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
  const target = host.startsWith("unix://")
    ? { socketPath: host.slice("unix://".length), path: "/_ping" }
    : new URL("/_ping", host.replace(/^tcp:/, "http:"));
  return new Promise((resolve) => {
    const ping = request(target, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.setTimeout(LIMIT_MS, () => ping.destroy());
    ping.once("error", () => resolve(false));
    ping.once("close", () => resolve(false));
    ping.end();
  });
}
