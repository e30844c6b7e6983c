import { describe, expect, it } from "vitest";
import { nextApplication, register, type Stores, target } from "../testing/stores.ts";

const SECRET = { ciphertext: new Uint8Array([1]), nonce: new Uint8Array([2]), kekId: "k1" };

/** What every EndpointStore does; the postgres and the memory one both run it. */
export function endpointStoreContract(open: () => Stores): void {
  describe("EndpointStore", () => {
    const ensure = async (stores: Stores, applicationId: number, version = 1, host = "a.example") => {
      const [test = 0, live = 0] = await stores.endpoints.reserveIds(2);
      return stores.endpoints.commitDefaults({
        applicationId,
        version,
        target: target(host),
        endpoints: [
          { id: test, mode: "TEST", secret: SECRET },
          { id: live, mode: "LIVE", secret: SECRET },
        ],
      });
    };

    it("makes one default endpoint per mode, and the same ones for every later call", async () => {
      const stores = open();
      const applicationId = nextApplication();
      expect(await stores.endpoints.defaults(applicationId)).toEqual([]);
      const first = await ensure(stores, applicationId);
      expect(first.created).toBe(true);
      expect(first.endpoints).toMatchObject([
        {
          applicationId,
          mode: "TEST",
          isDefault: true,
          state: "ENABLED",
          eventTypes: ["*"],
          schemaVersion: 1,
        },
        { applicationId, mode: "LIVE", url: "https://a.example/hook" },
      ]);
      const second = await ensure(stores, applicationId);
      expect(second).toEqual({ created: false, endpoints: first.endpoints });
      expect(await stores.endpoints.defaults(applicationId)).toEqual(first.endpoints);
    });

    it("lets exactly one of many concurrent calls make them, and the newest URL win", async () => {
      const stores = open();
      const applicationId = nextApplication();
      const versions = [4, 1, 9, 2, 7, 3];
      const made = await Promise.all(versions.map((v) => ensure(stores, applicationId, v, `v${v}.example`)));
      expect(made.filter(({ created }) => created)).toHaveLength(1);
      const urls = (await stores.endpoints.defaults(applicationId)).map(({ url }) => url);
      expect(urls).toEqual(["https://v9.example/hook", "https://v9.example/hook"]);
    });

    it("lists oldest first within the scope, page by page", async () => {
      const stores = open();
      const endpoint = await register(stores);
      await register(stores);
      const scope = { applicationId: endpoint.applicationId, mode: "LIVE" } as const;
      expect(await stores.endpointLog.list(scope, { limit: 10, after: null })).toMatchObject([endpoint]);
      expect(await stores.endpointLog.list(scope, { limit: 10, after: endpoint.id })).toEqual([]);
      const foreign = { applicationId: nextApplication(), mode: "LIVE" } as const;
      expect(await stores.endpointLog.list(foreign, { limit: 10, after: null })).toEqual([]);
    });
  });
}
