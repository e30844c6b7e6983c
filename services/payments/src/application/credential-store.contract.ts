import type { Mode } from "@oi/kernel/scope";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credential } from "../domain/application.ts";
import { uniqueNumber } from "../testing/samples.ts";
import { register, type StoreWorld } from "../testing/store-world.ts";

function credential(mode: Mode): Credential {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, uniqueNumber() + 1_000_000);
  return { mode, keyDigest: bytes, secretMac: bytes, pepperId: "p1", keyLast4: "abcd" };
}

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
      const by = { actor: "karim", graceSeconds: 60 };
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

    it("keep an end that is sooner", async () => {
      const { id } = await register(world);
      await world.credentials.rotate(id, credential("TEST"), { actor: "karim", graceSeconds: 60 });
      const short = await world.credentials.rotate(id, credential("TEST"), {
        actor: "karim",
        graceSeconds: 10,
      });
      const long = await world.credentials.rotate(id, credential("TEST"), {
        actor: "karim",
        graceSeconds: 600,
      });
      const [soon] = short.replaced;
      expect(long.replaced).toContainEqual(soon);
    });

    it("that are revoked open nothing from then on, and only of their own application", async () => {
      const { id } = await register(world);
      const other = await register(world);
      const one = credential("LIVE");
      const made = await world.credentials.rotate(id, one, { actor: "karim", graceSeconds: 0 });
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
