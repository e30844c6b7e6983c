import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Asks the real SSLCOMMERZ sandbox what can be asked without a person, and records shapes and answers as JSON files. */

type Account = { readonly baseUrl: URL; readonly storeId: string; readonly password: string };

type Fields = Readonly<Record<string, string>>;

type Call = {
  /** The number in the list of open questions; null: the shape is wanted for a fixture. */
  readonly question: number | null;
  readonly name: string;
  readonly path: string;
  /** `form` posts urlencoded fields, `json` the same as JSON, `query` asks by GET. */
  readonly as: "form" | "json" | "query";
  readonly fields: Fields;
  /** Sent so often at the same time; only the first answer is kept whole. */
  readonly times?: number;
};

type Answer =
  | { readonly httpStatus: number; readonly headers: Fields; readonly body: unknown; readonly ms: number }
  | { readonly error: string; readonly ms: number };

const SESSION = "/gwprocess/v4/api.php";
const VALIDATION = "/validator/api/validationserverAPI.php";
const TRANSACTION = "/validator/api/merchantTransIDvalidationAPI.php";

const DEADLINE_MS = 30_000;
const MAX_BODY_CHARACTERS = 64 * 1024;
/** Enough to see a limit of ten a second, too few to trouble anybody. */
const BURST = 15;

const NEEDS_A_PERSON: Readonly<Record<string, string>> = {
  1: "session lifetime, EXPIRED notification: open a session and wait",
  2: "retries and patience of notifications: answer 500, then slowly",
  3: "raw bodies of fail and cancel: act on the page",
  4: "a second try after a failed one: act on the page",
  11: "currency of a refund: pay in a foreign currency first",
  13: "names and digests of LIVE notifications: a LIVE payment",
  14: "refunds in the query: pay and refund first",
};

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

/** LIVE answers cost money: of the gateway's own hosts only its sandbox is asked, and no bare address. */
function refuseLive({ protocol, hostname: written }: URL): void {
  // A dot at the end means the same host to the name service, and another one to a comparison.
  const hostname = written.replace(/\.+$/, "");
  if (isLoopback(hostname)) return;
  const isForeign = !/(^|\.)sslcommerz\.com$/.test(hostname) && !/^(\d+\.){3}\d+$|^\[/.test(hostname);
  if (hostname !== "sandbox.sslcommerz.com" && !isForeign) {
    throw new Error(`${hostname} is not a test host of SSLCOMMERZ; the smoke test never asks LIVE.`);
  }
  if (protocol !== "https:") throw new Error("SSLCOMMERZ_TEST_BASE_URL must be https.");
}

function readAccount(env: Readonly<Record<string, string | undefined>>): Account {
  const read = (name: string): string => {
    const value = env[`SSLCOMMERZ_TEST_${name}`];
    if (!value) throw new Error(`SSLCOMMERZ_TEST_${name} is not set.`);
    return value;
  };
  const baseUrl = URL.parse(read("BASE_URL"));
  if (baseUrl === null || !/^https?:$/.test(baseUrl.protocol)) {
    throw new Error("SSLCOMMERZ_TEST_BASE_URL must be an http or https address.");
  }
  refuseLive(baseUrl);
  return { baseUrl, storeId: read("STORE_ID"), password: read("STORE_PASSWORD") };
}

/** A request that is complete by the documentation; the addresses lead nowhere. */
const order = (changes: Fields): Fields => ({
  total_amount: "100.00",
  currency: "BDT",
  success_url: "https://merchant.example/success",
  fail_url: "https://merchant.example/fail",
  cancel_url: "https://merchant.example/cancel",
  ipn_url: "https://merchant.example/ipn",
  product_name: "Smoke test",
  product_category: "general",
  product_profile: "general",
  cus_name: "Not provided",
  cus_email: "not-provided@merchant.example",
  cus_add1: "Not provided",
  cus_city: "Dhaka",
  cus_postcode: "1000",
  cus_country: "Bangladesh",
  cus_phone: "01700000000",
  shipping_method: "NO",
  num_of_item: "1",
  ...changes,
});

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function listSessionCalls(run: string): readonly Call[] {
  let count = 0;
  const session = (question: number | null, name: string, changes: Fields, leftOut = ""): Call => {
    count += 1;
    const fields = without(order({ tran_id: `smoke-${run}-${count}`, ...changes }), leftOut);
    return { question, name, path: SESSION, as: "form", fields };
  };
  const same = { tran_id: `smoke-${run}-same` };
  return [
    session(null, "session-opened", {}),
    session(5, "tran-id-first", same),
    session(5, "tran-id-again", same),
    session(9, "localhost-urls", {
      success_url: "http://localhost:8080/success",
      fail_url: "http://localhost:8080/fail",
      cancel_url: "http://localhost:8080/cancel",
      ipn_url: "http://localhost:8080/ipn",
    }),
    session(12, "name-of-50-bangla-letters", { cus_name: "ক".repeat(50) }),
    session(12, "name-of-51-letters", { cus_name: "x".repeat(51) }),
    session(12, "product-of-255-bangla-letters", { product_name: "ক".repeat(255) }),
    session(12, "tran-id-of-31-letters", { tran_id: `smoke-${run}`.padEnd(31, "x") }),
    session(12, "no-phone", {}, "cus_phone"),
    session(12, "no-postcode", {}, "cus_postcode"),
    session(null, "no-product-profile", {}, "product_profile"),
    session(null, "no-shipping-method", {}, "shipping_method"),
    session(15, "least-amount", { total_amount: "10.00" }),
    session(15, "below-the-least-amount", { total_amount: "9.99" }),
    session(15, "above-the-greatest-amount", { total_amount: "500000.01" }),
    session(15, "one-dollar", { total_amount: "1.00", currency: "USD" }),
    session(15, "a-cent", { total_amount: "0.01", currency: "USD" }),
    session(15, "hundred-euros", { total_amount: "100.00", currency: "EUR" }),
    session(15, "other-currency", { currency: "JPY" }),
    session(null, "session-wrong-password", { store_passwd: "not-the-password" }),
    { question: null, name: "session-empty-body", path: SESSION, as: "json", fields: {} },
    { ...session(null, "session-as-json", {}), as: "json" },
  ];
}

function listQueryCalls(run: string): readonly Call[] {
  const ask = (question: number | null, name: string, fields: Fields, path = TRANSACTION): Call => ({
    question,
    name,
    path,
    as: "query",
    fields: { v: "1", format: "json", ...fields },
  });
  const refund = { bank_tran_id: `none-${run}`, refund_amount: "10.00", refund_remarks: "Smoke test" };
  const unknown = { tran_id: `none-${run}` };
  return [
    ask(null, "query-open-session", { tran_id: `smoke-${run}-1` }),
    ask(8, "query-unknown-tran-id", unknown),
    ask(8, "query-unknown-sessionkey", { sessionkey: "0".repeat(32) }),
    ask(8, "validate-unknown-val-id", { val_id: `none-${run}` }, VALIDATION),
    ask(8, "refund-status-unknown", { refund_ref_id: `none-${run}` }),
    ask(6, "refund-unknown-payment", { ...refund, refund_trans_id: `rf-${run}` }),
    ask(6, "refund-same-id-again", { ...refund, refund_trans_id: `rf-${run}` }),
    ask(6, "refund-least-amount", { ...refund, refund_trans_id: `rf-${run}-2`, refund_amount: "0.01" }),
    ask(7, "refund-without-its-id", refund),
    ask(7, "refund-wrong-password", { ...refund, refund_trans_id: `rf-${run}-3`, store_passwd: "wrong" }),
    ask(null, "query-wrong-password", { ...unknown, store_passwd: "not-the-password" }),
    ask(null, "query-without-anything", {}),
    { ...ask(10, "burst", unknown), times: BURST },
  ];
}

/** The fields as they are sent: a call may bring credentials of its own, to be refused. */
function buildRequest(call: Call, account: Account): { readonly url: URL; readonly init: RequestInit } {
  const credentials = { store_id: account.storeId, store_passwd: account.password };
  const fields = { ...credentials, ...call.fields };
  const url = new URL(call.path, account.baseUrl);
  const init: RequestInit = { redirect: "manual", signal: AbortSignal.timeout(DEADLINE_MS) };
  if (call.as === "form")
    return { url, init: { ...init, method: "POST", body: new URLSearchParams(fields) } };
  if (call.as === "query") {
    url.search = new URLSearchParams(fields).toString();
    return { url, init };
  }
  const isEmpty = Object.keys(call.fields).length === 0;
  const headers = { "content-type": isEmpty ? "application/x-www-form-urlencoded" : "application/json" };
  return { url, init: { ...init, method: "POST", headers, body: isEmpty ? "" : JSON.stringify(fields) } };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, MAX_BODY_CHARACTERS);
  }
}

async function send(call: Call, account: Account): Promise<Answer> {
  const begun = performance.now();
  const pass = (): number => Math.round(performance.now() - begun);
  const { url, init } = buildRequest(call, account);
  try {
    const answer = await fetch(url, init);
    const headers = ["content-type", "retry-after", "location"].flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const body = parseBody(await answer.text());
    return { httpStatus: answer.status, headers: Object.fromEntries(headers), body, ms: pass() };
  } catch (error) {
    // The cause's code only: the message of a failed fetch may hold the whole address, and so the password.
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { error: cause?.code ?? name, ms: pass() };
  }
}

/** Takes the credentials out wherever they stand, an echo inside an answer included. */
function redact(value: unknown, { storeId, password }: Account): unknown {
  let text = JSON.stringify(value, (key, item) => (key === "store_passwd" ? "[password]" : item), 2);
  const hidden = [
    [password, "[password]"],
    [storeId, "[store]"],
  ] as const;
  for (const [secret, name] of hidden) {
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      text = text.replaceAll(form, name);
    }
  }
  return JSON.parse(text);
}

async function record(call: Call, account: Account): Promise<Readonly<Record<string, unknown>>> {
  const { question, name, path, as, times = 1 } = call;
  const answers = await Promise.all(Array.from({ length: times }, () => send(call, account)));
  const fields = { store_id: account.storeId, store_passwd: account.password, ...call.fields };
  const statuses = answers.map((answer) => ("error" in answer ? answer.error : answer.httpStatus));
  const recorded = { question, name, request: { path, as, fields }, answer: answers[0] };
  return redact(times === 1 ? recorded : { ...recorded, times, statuses }, account) as Record<
    string,
    unknown
  >;
}

async function write(folder: string, name: string, content: unknown): Promise<void> {
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
}

function describeAnswer({ answer }: Readonly<Record<string, unknown>>): string {
  const { httpStatus, error, body } = answer as { httpStatus?: number; error?: string; body?: unknown };
  const { status, failedreason, APIConnect } = (
    typeof body === "object" && body !== null ? body : {}
  ) as Fields;
  const words = [httpStatus ?? error, APIConnect, status, failedreason];
  return words.filter((word) => word !== undefined && word !== "").join(" · ");
}

/** `oi sandbox-smoke FOLDER`: one file per call, and `summary.json` with what only a person can find out. */
export async function run(args: readonly string[]): Promise<void> {
  const [folder, ...others] = args;
  if (folder === undefined || folder.startsWith("-") || others.length > 0) {
    throw new Error(
      "Usage: oi sandbox-smoke FOLDER, with SSLCOMMERZ_TEST_BASE_URL, _STORE_ID, _STORE_PASSWORD",
    );
  }
  const account = readAccount(process.env);
  await mkdir(folder, { recursive: true });
  const id = Date.now().toString(36);
  const asked: Record<string, string> = {};
  // One after the other: the order matters to what is asked twice, and nobody is to be burdened.
  for (const call of [...listSessionCalls(id), ...listQueryCalls(id)]) {
    const recorded = await record(call, account);
    await write(folder, call.name, recorded);
    const line = `${call.question === null ? "" : `question ${call.question}: `}${describeAnswer(recorded)}`;
    asked[call.name] = line;
    process.stdout.write(`${call.name}: ${line}\n`);
  }
  const host = account.baseUrl.host;
  await write(folder, "summary", { host, recordedAt: new Date().toISOString(), asked, open: NEEDS_A_PERSON });
}
