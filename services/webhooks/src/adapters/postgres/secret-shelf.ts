import type { Database } from "@oi/platform/postgres/client";
import type { SecretShelf } from "../../application/ports.ts";
import { toNumber } from "./rows.ts";

type Row = {
  readonly endpoint_id: string;
  readonly version: number;
  readonly ciphertext: Uint8Array;
  readonly nonce: Uint8Array;
  readonly kek_id: string;
};

/** Reads across applications: keys belong to the service, not to them. */
export function postgresSecretShelf(database: Database): SecretShelf {
  return {
    sealedByOthers: async (kekId, { after, limit }) => {
      const rows = await database.run(
        (sql) => sql<Row[]>`
          select endpoint_id, version, ciphertext, nonce, kek_id from endpoint_secret
          where kek_id <> ${kekId} and alg = 'v1'
            and (endpoint_id, version) > (${after?.endpointId ?? 0}::bigint, ${after?.version ?? 0}::int)
          order by endpoint_id, version limit ${limit}`,
      );
      return rows.map((row) => ({
        endpointId: toNumber(row.endpoint_id),
        version: row.version,
        algorithm: "v1",
        sealed: { ciphertext: row.ciphertext, nonce: row.nonce, kekId: row.kek_id },
      }));
    },
    replace: async ({ endpointId, version, sealed: before }, { ciphertext, nonce, kekId }) => {
      const rows = await database.run(
        (sql) => sql`
          update endpoint_secret set ciphertext = ${Buffer.from(ciphertext)}, nonce = ${Buffer.from(nonce)},
                 kek_id = ${kekId}
          where endpoint_id = ${endpointId} and version = ${version} and kek_id = ${before.kekId}
            and nonce = ${Buffer.from(before.nonce)}
          returning version`,
      );
      return rows.length > 0;
    },
  };
}
