import { createApp, type SandboxApp } from "../app.ts";
import { type Environment, readConfig } from "../config.ts";
import { type Merchant, startMerchant } from "./merchant.ts";

type Json = Record<string, unknown>;
type JsonAnswer = { readonly status: number; readonly body: Json };

export type Opened = { readonly sessionKey: string; readonly pageUrl: string; readonly tranId: string };

export type SandboxUnderTest = AsyncDisposable & {
  readonly app: SandboxApp;
  readonly merchant: Merchant;
  /** The fields of a session request that is accepted, changed by `changes`; undefined takes a field out. */
  order(changes?: Record<string, string | undefined>): Record<string, string>;
  postSession(fields: Record<string, string>): Promise<JsonAnswer>;
  open(changes?: Record<string, string>): Promise<Opened>;
  validate(parameters: Record<string, string>): Promise<JsonAnswer>;
  /** Query, refund and refund status. */
  ask(parameters: Record<string, string>): Promise<JsonAnswer>;
  admin(call: string, body?: unknown): Promise<JsonAnswer>;
  act(sessionKey: string, request?: Json): Promise<Json>;
};

const CREDENTIALS = { store_id: "testbox", store_passwd: "qwerty" };

async function readAnswer(response: Response): Promise<JsonAnswer> {
  return { status: response.status, body: (await response.json()) as Json };
}

/** The whole service on a free port, and a merchant that it calls back. */
export async function startSandbox(env: Environment = {}): Promise<SandboxUnderTest> {
  const app = await createApp(
    readConfig({ PORT: "0", SANDBOX_SEED: "tests", SANDBOX_RETURN_DELAY_MS: "0", ...env }),
  );
  const merchant = await startMerchant();
  const base = `http://${app.address.host}:${app.address.port}`;
  let orders = 0;

  const get = async (path: string, parameters: Record<string, string>): Promise<JsonAnswer> => {
    const query = new URLSearchParams({ ...CREDENTIALS, format: "json", v: "1", ...parameters });
    return readAnswer(await fetch(`${base}${path}?${query}`));
  };

  const order: SandboxUnderTest["order"] = (changes = {}) => {
    orders += 1;
    const fields: Record<string, string | undefined> = {
      ...CREDENTIALS,
      total_amount: "600.00",
      currency: "BDT",
      tran_id: `pay_test-${orders}`,
      success_url: `${merchant.url}/success`,
      fail_url: `${merchant.url}/fail`,
      cancel_url: `${merchant.url}/cancel`,
      ipn_url: `${merchant.url}/ipn`,
      product_name: "A book",
      product_category: "general",
      product_profile: "general",
      cus_name: "Rahim Uddin",
      cus_email: "rahim@shop.example",
      cus_add1: "Not provided",
      cus_city: "Dhaka",
      cus_postcode: "1000",
      cus_country: "Bangladesh",
      cus_phone: "01712345678",
      shipping_method: "NO",
      num_of_item: "1",
      value_a: "pay_test",
      value_b: "1",
      ...changes,
    };
    return Object.fromEntries(
      Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
  };

  const postSession: SandboxUnderTest["postSession"] = async (fields) =>
    readAnswer(
      await fetch(`${base}/gwprocess/v4/api.php`, { method: "POST", body: new URLSearchParams(fields) }),
    );

  const admin: SandboxUnderTest["admin"] = async (call, body) => {
    const [method = "", path = ""] = call.split(" ");
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    return readAnswer(await fetch(`${base}/_sandbox/${path}`, { method, ...json }));
  };

  return {
    app,
    merchant,
    order,
    postSession,
    open: async (changes) => {
      const fields = order(changes);
      const { body } = await postSession(fields);
      if (body.status !== "SUCCESS") throw new Error(`The session was refused: ${String(body.failedreason)}`);
      const pageUrl = String(body.GatewayPageURL).replace(app.url, base);
      return { sessionKey: String(body.sessionkey), pageUrl, tranId: fields.tran_id ?? "" };
    },
    validate: (parameters) => get("/validator/api/validationserverAPI.php", parameters),
    ask: (parameters) => get("/validator/api/merchantTransIDvalidationAPI.php", parameters),
    admin,
    act: async (sessionKey, request = {}) => (await admin(`POST sessions/${sessionKey}/act`, request)).body,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await merchant[Symbol.asyncDispose]();
    },
  };
}
