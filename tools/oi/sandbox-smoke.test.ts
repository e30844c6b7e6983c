import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type SandboxUnderTest, startSandbox } from "../../services/gateway-sandbox/src/testing/sandbox.ts";
import { run } from "./sandbox-smoke.ts";

const STORE = "canarystore7";
const PASSWORD = `canary&pass "8d2f`;

function setAccount(baseUrl: string): void {
  vi.stubEnv("SSLCOMMERZ_TEST_BASE_URL", baseUrl);
  vi.stubEnv("SSLCOMMERZ_TEST_STORE_ID", STORE);
  vi.stubEnv("SSLCOMMERZ_TEST_STORE_PASSWORD", PASSWORD);
}

let sandbox: SandboxUnderTest;
let folder = "";
const printed: string[] = [];
const read = async (name: string) => JSON.parse(await readFile(join(folder, `${name}.json`), "utf8"));

beforeAll(async () => {
  sandbox = await startSandbox({ SANDBOX_STORES: `${STORE}:${PASSWORD}`, SANDBOX_AUTOPILOT: "never" });
  folder = await mkdtemp(join(tmpdir(), "smoke-"));
  setAccount(`http://127.0.0.1:${sandbox.app.address.port}`);
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
  await run([folder]);
  write.mockRestore();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sandbox[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

describe("a run against a faithful server", () => {
  it("records each request and its answer", async () => {
    expect(await read("session-opened")).toMatchObject({
      question: null,
      request: { path: "/gwprocess/v4/api.php", as: "form", fields: { currency: "BDT", num_of_item: "1" } },
      answer: { httpStatus: 200, body: { status: "SUCCESS" } },
    });
    expect(await read("query-open-session")).toMatchObject({
      answer: { body: { APIConnect: "DONE", element: [{ status: "PROCESSING" }] } },
    });
  });

  it.each([
    ["tran-id-again", { status: "FAILED" }],
    ["name-of-50-bangla-letters", { status: "SUCCESS" }],
    ["name-of-51-letters", { status: "FAILED" }],
    ["no-product-profile", { status: "FAILED" }],
    ["below-the-least-amount", { status: "FAILED" }],
    ["session-wrong-password", { failedreason: "Store Credential Error Or Store is De-active" }],
    ["session-empty-body", { failedreason: "Store Credential Error Or Store is De-active" }],
    ["session-as-json", { failedreason: "Store Credential Error Or Store is De-active" }],
    ["query-unknown-tran-id", { no_of_trans_found: 0 }],
    ["query-wrong-password", { APIConnect: "FAILED" }],
    ["validate-unknown-val-id", { status: "INVALID_TRANSACTION" }],
    ["refund-unknown-payment", { status: "failed" }],
    ["refund-without-its-id", { APIConnect: "INVALID_REQUEST" }],
    ["refund-status-unknown", { APIConnect: "INVALID_REQUEST" }],
  ])("%s is answered %j", async (name, body) => {
    expect((await read(name)).answer).toMatchObject({ httpStatus: 200, body });
  });

  it("says how each of a burst was answered", async () => {
    expect((await read("burst")).statuses).toEqual(Array.from({ length: 15 }, () => 200));
  });

  it("sums up, and says what only a person can find out", async () => {
    const { asked, open } = await read("summary");
    const files = (await readdir(folder)).filter((file) => file !== "summary.json");
    expect(
      Object.keys(asked)
        .map((name) => `${name}.json`)
        .sort(),
    ).toEqual(files.sort());
    const answered = Object.values(asked).flatMap((line) => /^question (\d+)/.exec(String(line))?.[1] ?? []);
    const numbers = new Set([...answered, ...Object.keys(open)].map(Number));
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  it("shows the credentials nowhere", async () => {
    const texts = await Promise.all(
      (await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")),
    );
    const everything = [...texts, ...printed].join("\n");
    expect(everything).toContain("[password]");
    expect(everything).toContain("[store]");
    for (const secret of [STORE, "canary&pass", encodeURIComponent(PASSWORD), "8d2f"]) {
      expect(everything).not.toContain(secret);
    }
  });
});

describe("a run that must not be", () => {
  const send = vi.fn<typeof fetch>();
  beforeAll(() => {
    vi.stubGlobal("fetch", send);
  });
  afterAll(() => {
    vi.unstubAllGlobals();
    expect(send).not.toHaveBeenCalled();
  });

  it.each([
    ["https://securepay.sslcommerz.com", "never asks LIVE"],
    ["https://seamless-epay.sslcommerz.com", "never asks LIVE"],
    ["https://SECUREPAY.sslcommerz.com:443/x", "never asks LIVE"],
    ["https://103.26.139.87", "never asks LIVE"],
    ["https://user@securepay.sslcommerz.com", "never asks LIVE"],
    ["https://securepay.sslcommerz.com.", "never asks LIVE"],
    ["http://sandbox.sslcommerz.com", "must be https"],
    ["ftp://localhost", "http or https"],
    ["", "is not set"],
  ])("refuses %s", async (baseUrl, reason) => {
    setAccount(baseUrl);
    await expect(run([folder])).rejects.toThrow(reason);
  });

  it("needs one folder", async () => {
    await expect(run([])).rejects.toThrow("Usage");
    await expect(run(["--help"])).rejects.toThrow("Usage");
  });
});
