import { beforeEach, describe, expect, it } from "vitest";
import { credentialVault } from "../adapters/crypto/credential-vault.ts";
import type { Settings } from "../domain/application.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { register } from "../testing/store-world.ts";
import { authenticate } from "./authenticate.ts";
import { registerApplication } from "./register-application.ts";
import { updateSettings } from "./update-settings.ts";

const vault = credentialVault([{ id: "p1", key: "pepper" }]);
const request = (key: string | null = null, fingerprint = 1) => ({
  key,
  fingerprint: new Uint8Array(32).fill(fingerprint),
  actor: "rahim",
});

let world: MemoryWorld;
beforeEach(() => {
  world = memoryWorld();
});

describe("registering an application", () => {
  it("gives one TEST and one LIVE credential, whose secrets are nowhere afterwards", async () => {
    const { application, credentials, replayed } = await registerApplication({ ...world, vault })(
      { name: "Shop", webhookUrl: "https://shop.example/hook" },
      request(),
    );
    expect(replayed).toBe(false);
    expect(application).toMatchObject({
      name: "Shop",
      receiptsEnabled: true,
      latePaymentPolicy: "REFUND",
      version: 1,
    });
    expect(credentials.map(({ mode }) => mode)).toEqual(["TEST", "LIVE"]);
    const kept = JSON.stringify([...world.book.credentials.values()]);
    for (const { apiKey, apiSecret } of credentials) {
      expect(kept).not.toContain(apiKey);
      expect(kept).not.toContain(apiSecret);
    }
  });

  it("gives the same application and no secret when the request is repeated", async () => {
    const registerOne = registerApplication({ ...world, vault });
    const wish = { name: "Shop", webhookUrl: null };
    const first = await registerOne(wish, request("k"));
    const again = await registerOne(wish, request("k"));
    expect(again).toEqual({ application: first.application, credentials: [], replayed: true });
    await expect(registerOne(wish, request("k", 2))).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_CONFLICT",
    });
  });

  it("refuses a webhook address that is none", async () => {
    for (const webhookUrl of ["shop.example", "ftp://shop.example", "https://", "http:// x"]) {
      const wrong = registerApplication({ ...world, vault })({ name: "Shop", webhookUrl }, request());
      await expect(wrong).rejects.toMatchObject({ fields: { webhookUrl: expect.any(String) } });
    }
    expect(world.book.applications.size).toBe(0);
  });
});

describe("changing settings", () => {
  it("changes what is given, keeps the rest and tells about it", async () => {
    const { id, name } = await register(world);
    world.clock.advance(1_000);
    const changed = await updateSettings(world)(
      id,
      { receiptsEnabled: false, minAmountMinor: 500n },
      "rahim",
    );
    expect(changed).toMatchObject({ name, receiptsEnabled: false, minAmountMinor: 500n, version: 2 });
    expect(changed.updatedAt).toBe(world.now());
    expect(await world.applications.byId(id)).toEqual(changed);
    expect(await world.published(`app_${id}`)).toEqual([{ type: "application.updated", version: 2 }]);
  });

  it("answers a repeat of a key as the first request was, and does not undo what was changed since", async () => {
    const { id } = await register(world);
    const change = updateSettings(world);
    const key = { route: "UpdateSettings", key: "k", fingerprint: new Uint8Array(32) };
    const first = await change(id, { name: "Tea" }, "rahim", key);
    await change(id, { name: "Coffee" }, "karim");
    expect(await change(id, { name: "Tea" }, "rahim", key)).toEqual(first);
    expect(await world.applications.byId(id)).toMatchObject({ name: "Coffee", version: 3 });
    const other = change(id, { name: "Milk" }, "rahim", { ...key, fingerprint: new Uint8Array(32).fill(1) });
    await expect(other).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_CONFLICT" });
  });

  it("refuses limits that contradict each other or the contract, and keeps the old ones", async () => {
    const { id } = await register(world);
    const change = (id: number, wanted: Partial<Settings>) => updateSettings(world)(id, wanted, "rahim");
    await change(id, { maxAmountMinor: 100n });
    for (const wrong of [{ minAmountMinor: 101n }, { maxAmountMinor: 1_000_000_000_000_000n }]) {
      await expect(change(id, wrong)).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
    }
    expect(await world.applications.byId(id)).toMatchObject({ minAmountMinor: null, version: 2 });
    await change(id, { minAmountMinor: 100n });
  });

  it("decides again when somebody else changed them meanwhile", async () => {
    const { id } = await register(world);
    const { byId } = world.applications;
    let raced = false;
    const applications = {
      ...world.applications,
      byId: async (wanted: number) => {
        const found = await byId(wanted);
        if (!raced) {
          raced = true;
          await updateSettings(world)(id, { name: "Other" }, "karim");
        }
        return found;
      },
    };
    const changed = await updateSettings({ ...world, applications })(id, { receiptsEnabled: false }, "rahim");
    expect(changed).toMatchObject({ name: "Other", receiptsEnabled: false, version: 3 });
  });

  it("gives up as unavailable when it always comes too late", async () => {
    const { id } = await register(world);
    const { byId } = world.applications;
    const applications = {
      ...world.applications,
      byId: async (wanted: number) => {
        const found = await byId(wanted);
        await updateSettings(world)(id, { name: "Other" }, "karim");
        return found;
      },
    };
    const change = updateSettings({ ...world, applications })(id, { receiptsEnabled: false }, "rahim");
    await expect(change).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE", retryAfterSeconds: 1 });
    expect((await byId(id))?.version).toBe(6);
  });

  it("refuses an application that does not exist", async () => {
    await expect(updateSettings(world)(77, {}, "rahim")).rejects.toMatchObject({
      reason: "RESOURCE_NOT_FOUND",
    });
  });
});

describe("authenticating", () => {
  const registered = async () => {
    const { application, credentials } = await registerApplication({ ...world, vault })(
      { name: "Shop", webhookUrl: null },
      request(),
    );
    const [test, live] = credentials;
    if (!test || !live) throw new Error("an application has two credentials");
    return { application, test, live };
  };

  it("says whose credential it is, and of which mode", async () => {
    const { application, live } = await registered();
    const found = await authenticate({ ...world, vault })(live.apiKey, live.apiSecret);
    expect(found).toMatchObject({
      id: live.id,
      applicationId: application.id,
      applicationName: "Shop",
      mode: "LIVE",
    });
  });

  it("gives the same answer to every mistake", async () => {
    const { test, live } = await registered();
    const open = authenticate({ ...world, vault });
    const ended = await registered();
    await world.endCredential(ended.test.id);
    const mistakes = [
      ["", ""],
      [test.apiKey, ""],
      ["oi_test_unknown", test.apiSecret],
      [test.apiKey, live.apiSecret],
      [test.apiKey, `${test.apiSecret} `],
      [ended.test.apiKey, ended.test.apiSecret],
    ] as const;
    const answers = await Promise.all(
      mistakes.map(([key, secret]) => open(key, secret).catch((error: unknown) => error)),
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({ reason: "UNAUTHORIZED", metadata: {}, fields: {} });
      expect(answer).toHaveProperty("message", "The API key or the API secret is missing or wrong.");
    }
  });
});
