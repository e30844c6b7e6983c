import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { close, listen } from "../adapters/http/server.ts";

export type Received = {
  readonly path: string;
  readonly at: number;
  readonly fields: Record<string, string>;
  /** As it came. */
  readonly body: string;
};

export type Merchant = AsyncDisposable & {
  readonly url: string;
  readonly received: Received[];
  /** What the next notifications are answered with; 200 where nothing is left. */
  readonly answers: number[];
  /** Answers nothing more until so many requests wait at the same time. */
  hold(count: number): void;
  /** The callbacks of one path, oldest first. */
  at(path: string): readonly Received[];
  /** Resolves once so many callbacks have come in all. */
  until(count: number): Promise<void>;
};

/** A merchant that writes every form down; returns are answered with a redirect that nobody should follow. */
export async function startMerchant(): Promise<Merchant> {
  const received: Received[] = [];
  const answers: number[] = [];
  const held: (() => void)[] = [];
  let holdCount = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const path = request.url ?? "";
      const fields = Object.fromEntries(new URLSearchParams(body));
      received.push({ path, at: performance.now(), fields, body });
      const isIpn = path === "/ipn";
      response.writeHead(isIpn ? (answers.shift() ?? 200) : 303, isIpn ? {} : { location: "/followed" });
      held.push(() => response.end());
      if (held.length < holdCount) return;
      holdCount = 0;
      for (const answer of held.splice(0)) answer();
    });
  });
  const port = await listen(server, 0, "127.0.0.1");
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answers,
    hold: (count) => {
      holdCount = count;
    },
    at: (path) => received.filter((callback) => callback.path === path),
    until: async (count) => {
      while (received.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest("hex");

/** Written against the protocol's text and not against the signer, so that a mistake of the signer cannot hide here. */
export function verifyAsMerchant(
  fields: Record<string, string>,
  password: string,
): { readonly md5: boolean; readonly sha256: boolean; readonly names: readonly string[] } {
  const names = (fields.verify_key ?? "").split(",");
  const matches = (algorithm: "md5" | "sha256", claimed: string | undefined): boolean => {
    const pairs = names.map((name): [string, string] => [name, fields[name] ?? "absent"]);
    pairs.push(["store_passwd", hash(algorithm, password)]);
    pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return claimed === hash(algorithm, pairs.map((pair) => pair.join("=")).join("&"));
  };
  return {
    md5: matches("md5", fields.verify_sign),
    sha256: matches("sha256", fields.verify_sign_sha2),
    names,
  };
}
