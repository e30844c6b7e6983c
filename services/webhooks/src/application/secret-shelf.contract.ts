import { expect, it } from "vitest";
import { register, type Stores } from "../testing/stores.ts";
import type { SecretBox } from "./ports.ts";
import { createRewrapSecrets } from "./rewrap-secrets.ts";

const text = new TextEncoder();

/** Seals so that a test can see by whom; what `k0` sealed cannot be opened any more. */
const boxOf = (kekId: string): SecretBox => ({
  kekId,
  seal: (secret, { endpointId, version }) => ({
    ciphertext: text.encode(`${endpointId}/${version}:${secret}`),
    nonce: text.encode(`${kekId}-nonce`),
    kekId,
  }),
  open: (sealed) => {
    if (sealed.kekId === "k0") throw new Error("the key k0 is not configured");
    return new TextDecoder().decode(sealed.ciphertext).split(":")[1] ?? "";
  },
});

/** What every SecretShelf does; the postgres and the memory one both run it on an empty store. */
export function secretShelfContract(open: () => Promise<Stores>): void {
  it("SecretShelf moves every secret to the key that seals, once, and leaves what does not open", async () => {
    const stores = await open();
    const sealWith = async (kekId: string) => {
      const endpoint = await register(stores);
      const page = { after: null, limit: 1_000 };
      const own = (await stores.shelf.sealedByOthers("", page)).filter((s) => s.endpointId === endpoint.id);
      for (const before of own) await stores.shelf.replace(before, boxOf(kekId).seal("whsec_x", before));
      return endpoint.id;
    };
    const [gone, ...old] = [await sealWith("k0"), await sealWith("k1"), await sealWith("k1")];
    const rewrap = createRewrapSecrets({ shelf: stores.shelf, secretBox: boxOf("k2") });
    const done = await rewrap();
    expect(done.failed).toContain(`${gone}/1`);
    expect(done.moved).toBeGreaterThanOrEqual(old.length);
    expect(await rewrap()).toEqual({ moved: 0, failed: done.failed });
    const others = await stores.shelf.sealedByOthers("k1", { after: null, limit: 1_000 });
    for (const endpointId of old) {
      const found = others.find((secret) => secret.endpointId === endpointId);
      expect(found).toMatchObject({ version: 1, sealed: { kekId: "k2" } });
      expect(found && boxOf("k2").open(found.sealed, found)).toBe("whsec_x");
    }
    const rest = await stores.shelf.sealedByOthers("k2", { after: null, limit: 1_000 });
    expect(rest.every(({ sealed }) => sealed.kekId !== "k1")).toBe(true);
    const [first, second] = others;
    if (!first || !second) throw new Error("the store holds no secrets");
    expect((await stores.shelf.sealedByOthers("k1", { after: first, limit: 1 }))[0]).toEqual(second);
    // Somebody else was faster.
    expect(
      await stores.shelf.replace(
        { ...first, sealed: { ...first.sealed, nonce: text.encode("?") } },
        first.sealed,
      ),
    ).toBe(false);
  });
}
