import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SandboxUnderTest, startSandbox } from "../testing/sandbox.ts";

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const CREDENTIAL_TEXT = "Store Credential Error Or Store is De-active";

const refusalOf = async (changes: Record<string, string | undefined>): Promise<unknown> => {
  const { status, body } = await sandbox.postSession(sandbox.order(changes));
  expect(status).toBe(200);
  return body.status === "FAILED" ? body.failedreason : body.status;
};

it("opens a session with the whole answer of the gateway", async () => {
  const { status, body } = await sandbox.postSession(sandbox.order());
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: "SUCCESS", failedreason: "", is_direct_pay_enable: "0" });
  expect(body.sessionkey).toMatch(/^[0-9A-F]{32}$/);
  expect(body.GatewayPageURL).toBe(
    `${sandbox.app.url}/gwprocess/v4/gw.php?Q=PAY&SESSIONKEY=${String(body.sessionkey)}`,
  );
  expect(Object.keys(body.gw as object)).toEqual([
    "visa",
    "master",
    "amex",
    "othercards",
    "internetbanking",
    "mobilebanking",
  ]);
  expect(Object.keys((body.desc as object[])[0] ?? {})).toEqual([
    "name",
    "type",
    "logo",
    "gw",
    "r_flag",
    "redirectGatewayURL",
  ]);
});

describe("credentials", () => {
  it.each([
    { store_passwd: "wrong" },
    { store_id: "nobody" },
    { store_id: undefined },
    { store_passwd: undefined },
  ])("refuses %j", async (changes) => {
    expect(await refusalOf(changes)).toBe(CREDENTIAL_TEXT);
  });

  it.each([
    ["application/json", JSON.stringify({ store_id: "testbox", store_passwd: "qwerty" })],
    ["multipart/form-data", "store_id=testbox&store_passwd=qwerty"],
    ["application/x-www-form-urlencoded", ""],
  ])("answers a body it cannot read (%s) like wrong credentials", async (contentType, body) => {
    const { host, port } = sandbox.app.address;
    const response = await fetch(`http://${host}:${port}/gwprocess/v4/api.php`, {
      method: "POST",
      headers: { "content-type": contentType },
      body,
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "FAILED", failedreason: CREDENTIAL_TEXT });
  });
});

describe("validation", () => {
  const mandatory =
    "total_amount currency tran_id success_url fail_url cancel_url product_name product_category product_profile " +
    "cus_name cus_email cus_add1 cus_city cus_postcode cus_country cus_phone shipping_method num_of_item";

  it.each(mandatory.split(" "))("refuses a session without %s", async (name) => {
    const text = `Invalid Information! '${name}' is missing or empty.`;
    expect(await refusalOf({ [name]: undefined })).toBe(text);
    expect(await refusalOf({ [name]: "" })).toBe(text);
  });

  it("opens without the optional ones", async () => {
    expect(await refusalOf({ ipn_url: undefined, value_a: undefined, value_b: undefined })).toBe("SUCCESS");
  });

  it.each([
    ["tran_id", 30],
    ["cus_name", 50],
    ["cus_phone", 20],
    ["product_name", 255],
    ["value_d", 255],
  ] as const)("takes %s up to %i characters", async (name, limit) => {
    const unique = name === "tran_id" ? "x".repeat(limit) : "আ".repeat(limit);
    expect(await refusalOf({ [name]: unique })).toBe("SUCCESS");
    expect(await refusalOf({ [name]: `${unique}y` })).toBe(
      `Invalid Information! '${name}' is longer than ${limit} characters.`,
    );
  });

  it.each([
    ["10.00", "SUCCESS"],
    ["500000.00", "SUCCESS"],
    ["9.99", "Invalid Information! 'total_amount' must be from 10.00 to 500000.00 BDT."],
    ["500000.01", "Invalid Information! 'total_amount' must be from 10.00 to 500000.00 BDT."],
    ["1e3", "Invalid Information! 'total_amount' must be a decimal(10,2)."],
    ["10.001", "Invalid Information! 'total_amount' must be a decimal(10,2)."],
  ])("amount %s → %s", async (total_amount, expected) => {
    expect(await refusalOf({ total_amount })).toBe(expected);
  });

  it("applies the limits of the amount after conversion", async () => {
    expect(await refusalOf({ total_amount: "1.00", currency: "EUR" })).toBe("SUCCESS");
    expect(await refusalOf({ total_amount: "0.09", currency: "EUR" })).toContain("500000.00 BDT");
    expect(await refusalOf({ currency: "XXX" })).toBe("Invalid Information! 'currency' is not supported.");
  });

  it.each(["success_url", "fail_url", "cancel_url", "ipn_url"])("refuses a bad %s", async (name) => {
    for (const url of ["merchant.example/x", "ftp://merchant.example", "https://user@merchant.example"]) {
      expect(await refusalOf({ [name]: url })).toBe("Invalid callback URL");
    }
  });

  it("asks for what a profile or a way of shipping needs", async () => {
    expect(await refusalOf({ product_profile: "misc" })).toContain("'product_profile' has an unknown value");
    expect(await refusalOf({ shipping_method: "no" })).toContain("'shipping_method' has an unknown value");
    expect(await refusalOf({ product_profile: "airline-tickets" })).toContain(
      "'hours_till_departure' is missing",
    );
    expect(await refusalOf({ shipping_method: "YES" })).toContain("'ship_name' is missing");
    expect(await refusalOf({ shipping_method: "Courier" })).toBe("SUCCESS");
    const hotel = { hotel_name: "Sea", length_of_stay: "2", check_in_time: "12:00", hotel_city: "Sylhet" };
    expect(await refusalOf({ product_profile: "travel-vertical", ...hotel })).toBe("SUCCESS");
    expect(await refusalOf({ emi_option: "x" })).toContain("'emi_option' must be a number");
  });
});

it("refuses the second use of a tran_id, unless it is told to allow it", async () => {
  const fields = sandbox.order();
  await sandbox.postSession(fields);
  expect((await sandbox.postSession(fields)).body.failedreason).toBe(
    "Invalid Information! 'tran_id' was already used.",
  );
  await using tolerant = await startSandbox({ SANDBOX_DUPLICATE_TRAN_ID: "parallel" });
  const same = tolerant.order();
  await tolerant.postSession(same);
  expect((await tolerant.postSession(same)).body.status).toBe("SUCCESS");
});
