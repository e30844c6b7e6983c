import { createDecipheriv, createHmac } from "node:crypto";
import type { Keks } from "./inputs.ts";
import type { Row, World } from "./invariant.ts";
import { rowsOf } from "./query.ts";

const OTHER_BYTES = `
  select a.delivery_id, a.n, encode(a.body_sha256, 'hex') as sent, encode(b.sha256, 'hex') as frozen
  from attempt a join delivery d on d.id = a.delivery_id
  join event_body b on b.event_id = d.event_id and b.schema_version = d.schema_version and b.style = d.style
  where a.body_sha256 is not null and a.body_sha256 <> b.sha256 and a.claimed_at >= {since}`;

const THAWED = `
  select b.event_id, b.schema_version, b.style, 'the frozen bytes are not those of their hash' as why
  from event_body b join event e on e.id = b.event_id where b.sha256 <> sha256(b.bytes) and e.received_at >= {since}`;

const UNSIGNED = `
  select delivery_id, n, 'was sent without a signature' as why from attempt
  where claimed_at >= {since} and outcome = 'OK' and (signature is null or signed_at is null or body_sha256 is null)`;

/** With the secrets that were active when the attempt was claimed; those that end within a second may be or not be there. */
const SIGNED = `
  select a.delivery_id, a.n, a.endpoint_id, d.event_id, a.signed_at, a.signature, a.secret_versions, b.bytes,
    array(select s.version from endpoint_secret s where s.endpoint_id = a.endpoint_id
      and s.active_from <= a.claimed_at + interval '1 second' and coalesce(s.expires_at, 'infinity') > a.claimed_at - interval '1 second'
      and coalesce(s.revoked_at, 'infinity') > a.claimed_at - interval '1 second') as active
  from attempt a join delivery d on d.id = a.delivery_id
  join event_body b on b.event_id = d.event_id and b.schema_version = d.schema_version and b.style = d.style
  where a.signature is not null and a.claimed_at >= {since}`;

type Signed = {
  readonly delivery_id: string;
  readonly n: number;
  readonly endpoint_id: string;
  readonly event_id: string;
  readonly signed_at: string;
  readonly signature: string;
  readonly secret_versions: readonly number[];
  readonly bytes: Buffer;
  readonly active: readonly number[];
};

type Secret = {
  readonly endpoint_id: string;
  readonly version: number;
  readonly alg: string;
  readonly ciphertext: Buffer;
  readonly nonce: Buffer;
  readonly kek_id: string;
};

/** W8; the signatures only with what opens the secrets. */
export async function* brokenBodies(world: World): AsyncGenerator<Row> {
  for (const query of [OTHER_BYTES, THAWED, UNSIGNED]) yield* rowsOf(world, "webhooks", query);
  if (world.keks === null) return;
  const keys = new Map<string, Buffer>();
  for await (const secret of rowsOf<Secret>(world, "webhooks", "select * from endpoint_secret"))
    keys.set(`${secret.endpoint_id}:${secret.version}`, open(secret, world.keks));
  for await (const attempt of rowsOf<Signed>(world, "webhooks", SIGNED)) {
    const why = problemOf(attempt, keys);
    if (why !== null) yield { delivery_id: attempt.delivery_id, n: attempt.n, why };
  }
}

function problemOf(attempt: Signed, keys: ReadonlyMap<string, Buffer>): string | null {
  const { secret_versions: used, active, endpoint_id, event_id, signed_at, bytes, signature } = attempt;
  if (used.length === 0) return "no secret signed it";
  if (!used.every((version) => active.includes(version)))
    return "a secret signed it that was not active then";
  const entries = used.map((version) => {
    const key = keys.get(`${endpoint_id}:${version}`) ?? Buffer.alloc(0);
    const mac = createHmac("sha256", key).update(`${event_id}.${signed_at}.`).update(bytes);
    return `v1,${mac.digest("base64")}`;
  });
  return entries.join(" ") === signature ? null : "its signature does not recompute";
}

/** AES-256-GCM, the tag behind the text, bound to the row that it stands in; the key is the decoded part of `whsec_…`. */
function open({ endpoint_id, version, alg, ciphertext, nonce, kek_id }: Secret, keks: Keks): Buffer {
  const kek = keks.get(kek_id);
  if (!kek) throw new Error(`the stored secrets need the key ${kek_id}, which --kek does not hold`);
  const decipher = createDecipheriv("aes-256-gcm", kek, nonce);
  decipher.setAAD(Buffer.from(`${endpoint_id}:${version}:${alg}`)).setAuthTag(ciphertext.subarray(-16));
  const text = Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]).toString(
    "utf8",
  );
  return Buffer.from(text.slice(text.indexOf("_") + 1), "base64");
}
