import type { Mode } from "@oi/kernel/scope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credential } from "../domain/application.ts";
import { uniqueNumber } from "../testing/samples.ts";
import { register, type StoreWorld } from "../testing/store-world.ts";
import type { IdempotencyKey } from "./ports.ts";

function credential(mode: Mode): Credential {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, uniqueNumber() + 1_000_000);
  return { mode, keyDigest: bytes, secretMac: bytes, pepperId: "p1", keyLast4: "abcd" };
}

const rotating = (graceSeconds: number, idempotency: IdempotencyKey | null = null) => ({
  actor: "karim",
  graceSeconds,
  idempotency,
});

/** What every credential store does, whatever it is made of. */
export function credentialStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: credentials`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const opens = async ({ keyDigest }: Credential): Promise<boolean> =>
      (await world.applications.credentialByDigest(keyDigest)) !== null;

    it("that replace others open at once, and the others until their end", async () => {
      const { id } = await register(world);
      const [old, next, live] = [credential("TEST"), credential("TEST"), credential("LIVE")];
      const by = rotating(60);
      const first = await world.credentials.rotate(id, old, by);
      await world.credentials.rotate(id, live, by);
      const second = await world.credentials.rotate(id, next, by);
      expect(first.replaced).toEqual([]);
      expect(second.replaced.map((one) => one.id)).toEqual([first.id]);
      const [replaced] = second.replaced;
      expect((replaced?.expiresAt ?? 0) - world.now()).toBeGreaterThan(50_000);
      expect((replaced?.expiresAt ?? 0) - world.now()).toBeLessThan(61_000);
      for (const one of [old, next, live]) expect(await opens(one)).toBe(true);
      await world.endCredential(first.id);
      expect(await opens(old)).toBe(false);
      const listed = await world.credentials.list(id, 10);
      expect(listed.map(({ mode }) => mode)).toEqual(["TEST", "LIVE", "TEST"]);
      expect(listed[0]).toMatchObject({ id: second.id, keyLast4: "abcd", expiresAt: null, revokedAt: null });
      expect(await world.credentials.list(id, 1)).toHaveLength(1);
      expect(await world.audited(id)).toContain("karim credential.rotated");
    });

    it("are replaced once per key, and the second answer knows no other credential than the first", async () => {
      const { id } = await register(world);
      const old = await world.credentials.rotate(id, credential("TEST"), rotating(60));
      const key = { route: "RotateCredential", key: "k", fingerprint: new Uint8Array(32) };
      const first = await world.credentials.rotate(id, credential("TEST"), rotating(60, key));
      expect(first).toMatchObject({ replayed: false, replaced: [{ id: old.id }] });
      const unused = credential("TEST");
      expect(await world.credentials.rotate(id, unused, rotating(60, key))).toEqual({
        ...first,
        replayed: true,
      });
      expect(await opens(unused)).toBe(false);
      expect(await world.credentials.list(id, 10)).toHaveLength(2);
      const other = rotating(60, { ...key, fingerprint: new Uint8Array(32).fill(1) });
      await expect(world.credentials.rotate(id, credential("TEST"), other)).rejects.toMatchObject({
        reason: "IDEMPOTENCY_KEY_CONFLICT",
      });
      const elsewhere = await world.credentials.rotate(id, credential("LIVE"), rotating(60, key));
      expect(elsewhere.replayed).toBe(false);
    });

    it("are replaced once by many requests with one key", async () => {
      const { id } = await register(world);
      const key = { route: "RotateCredential", key: "race", fingerprint: new Uint8Array(32) };
      const all = await Promise.all(
        Array.from({ length: 5 }, () => world.credentials.rotate(id, credential("TEST"), rotating(60, key))),
      );
      expect(new Set(all.map((one) => one.id)).size).toBe(1);
      expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await world.credentials.list(id, 10)).toHaveLength(1);
    });

    it("keep an end that is sooner", async () => {
      const { id } = await register(world);
      await world.credentials.rotate(id, credential("TEST"), rotating(60));
      const short = await world.credentials.rotate(id, credential("TEST"), rotating(10));
      const long = await world.credentials.rotate(id, credential("TEST"), rotating(600));
      const [soon] = short.replaced;
      expect(long.replaced).toContainEqual(soon);
    });

    it("that are revoked open nothing from then on, and only of their own application", async () => {
      const { id } = await register(world);
      const other = await register(world);
      const one = credential("LIVE");
      const made = await world.credentials.rotate(id, one, rotating(0));
      expect(await world.credentials.revoke(other.id, made.id, "salma")).toBeNull();
      expect(await opens(one)).toBe(true);
      const revoked = await world.credentials.revoke(id, made.id, "salma");
      expect(revoked?.revokedAt).not.toBeNull();
      expect(await opens(one)).toBe(false);
      expect(await world.credentials.revoke(id, made.id, "karim")).toEqual(revoked);
      expect((await world.audited(id)).filter((said) => said.endsWith("credential.revoked"))).toEqual([
        "salma credential.revoked",
      ]);
    });
  });
}
