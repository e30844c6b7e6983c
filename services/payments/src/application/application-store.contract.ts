import { VersionConflict } from "@oi/kernel/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Application, type Credential, DEFAULT_SETTINGS, type Settings } from "../domain/application.ts";
import { uniqueNumber } from "../testing/samples.ts";
import { register, type StoreWorld } from "../testing/store-world.ts";
import type { IdempotencyKey } from "./ports.ts";

const wanted = (part: Partial<Settings> = {}): Settings => ({
  ...DEFAULT_SETTINGS,
  name: "চায়ের দোকান",
  webhookUrl: "https://shop.example/hook",
  ...part,
});

function bytes(seed: number): Uint8Array {
  const array = new Uint8Array(32).fill(255);
  new DataView(array.buffer).setUint32(0, seed);
  return array;
}

function credential(mode: Credential["mode"]): Credential {
  const secretMac = bytes(uniqueNumber());
  return { mode, keyDigest: bytes(uniqueNumber()), secretMac, pepperId: "p1", keyLast4: "abcd" };
}

const request = (key: string | null, fingerprint = 1) => ({
  key,
  fingerprint: bytes(fingerprint),
  actor: "rahim",
});

/** What every application store does, whatever it is made of. */
export function applicationStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: applications`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    registering(() => world);
    changing(() => world);
    opening(() => world);
  });
}

function registering(the: () => StoreWorld): void {
  it("gives a registered application back, every setting of it", async () => {
    const settings = wanted({
      receiptsEnabled: false,
      refundApprovalThresholdMinor: 1n,
      minAmountMinor: 2n,
      maxAmountMinor: 999_999_999_999_999n,
      latePaymentPolicy: "HOLD",
    });
    const { application, replayed } = await the().applications.register(settings, [], request(null));
    expect(replayed).toBe(false);
    expect(application).toMatchObject({ ...settings, version: 1 });
    expect(await the().applications.byId(application.id)).toEqual(application);
    expect(await the().applications.byId(999_999_999)).toBeNull();
  });

  it("gives credentials their ids in their order", async () => {
    const pair = [credential("TEST"), credential("LIVE")];
    const { credentialIds, application } = await the().applications.register(wanted(), pair, request(null));
    const found = await Promise.all(
      pair.map(({ keyDigest }) => the().applications.credentialByDigest(keyDigest)),
    );
    expect(found.map((one) => one?.id)).toEqual(credentialIds);
    expect(found.map((one) => one?.mode)).toEqual(["TEST", "LIVE"]);
    expect(found[0]).toMatchObject({ applicationId: application.id, applicationName: application.name });
  });

  it("registers once under one key, and issues nothing the second time", async () => {
    const key = `register-${uniqueNumber()}`;
    const first = await the().applications.register(wanted(), [credential("TEST")], request(key));
    const unused = credential("TEST");
    const again = await the().applications.register(wanted(), [unused], request(key));
    expect(again).toEqual({ application: first.application, replayed: true, credentialIds: [] });
    expect(await the().applications.credentialByDigest(unused.keyDigest)).toBeNull();
  });

  it("refuses a key that registered something else", async () => {
    const key = `register-${uniqueNumber()}`;
    await the().applications.register(wanted(), [], request(key, 1));
    const other = the().applications.register(wanted(), [], request(key, 2));
    await expect(other).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_CONFLICT" });
  });
}

function changing(the: () => StoreWorld): void {
  const commit = (application: Application, expectedVersion: number, key: IdempotencyKey | null = null) =>
    the().applications.commit({
      application,
      expectedVersion,
      event: { kind: "application", occurredAt: the().now(), application },
      actor: "karim",
      answer: key && { key, resourceId: application.id, resource: application },
    });

  it("stores changed settings with their event", async () => {
    const application = await register(the());
    const changed = {
      ...application,
      ...wanted({ webhookUrl: null, minAmountMinor: 5n }),
      version: 2,
      updatedAt: application.updatedAt + 1_000,
    };
    await commit(changed, 1);
    expect(await the().applications.byId(application.id)).toEqual(changed);
    expect(await the().published(`app_${application.id}`)).toEqual([
      { type: "application.updated", version: 2 },
    ]);
  });

  it("keeps the answer of a change under its key, and changes nothing a second time", async () => {
    const application = await register(the());
    const key = { route: "UpdateSettings", key: "k", fingerprint: bytes(1) };
    expect(await the().applications.answered(application.id, key)).toBeNull();
    const changed = { ...application, minAmountMinor: 7n, version: 2 };
    await commit(changed, 1, key);
    expect(await the().applications.answered(application.id, key)).toEqual(changed);
    const again = commit({ ...changed, version: 3 }, 2, key);
    await expect(again).rejects.toBeInstanceOf(VersionConflict);
    expect(await the().applications.byId(application.id)).toEqual(changed);
    const other = the().applications.answered(application.id, { ...key, fingerprint: bytes(2) });
    await expect(other).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_CONFLICT" });
    expect(await the().audited(application.id)).toContain("karim application.settings_changed");
  });

  it("writes nothing when the application changed meanwhile", async () => {
    const application = await register(the());
    await commit({ ...application, name: "First", version: 2 }, 1);
    const late = commit({ ...application, name: "Second", version: 2 }, 1);
    await expect(late).rejects.toBeInstanceOf(VersionConflict);
    expect(await the().applications.byId(application.id)).toMatchObject({ name: "First", version: 2 });
    expect(await the().published(`app_${application.id}`)).toHaveLength(1);
  });
}

function opening(the: () => StoreWorld): void {
  it("finds a credential by the digest of its key, with what its secret is judged by", async () => {
    const one = credential("LIVE");
    await the().applications.register(wanted(), [one], request(null));
    const found = await the().applications.credentialByDigest(one.keyDigest);
    expect(found).toMatchObject({ mode: "LIVE", pepperId: "p1" });
    expect([...(found?.secretMac ?? [])]).toEqual([...one.secretMac]);
  });

  it("finds nothing for an unknown key, nor for a credential that has ended", async () => {
    expect(await the().applications.credentialByDigest(bytes(uniqueNumber()))).toBeNull();
    const one = credential("TEST");
    const { credentialIds } = await the().applications.register(wanted(), [one], request(null));
    await the().endCredential(credentialIds[0] ?? 0);
    expect(await the().applications.credentialByDigest(one.keyDigest)).toBeNull();
  });
}
