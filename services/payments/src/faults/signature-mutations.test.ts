import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fields } from "../adapters/sslcommerz/fields.ts";
import { GOLDEN_VECTORS, goldenForm } from "../adapters/sslcommerz/golden-vectors.ts";
import { checkSignature, signedText } from "../adapters/sslcommerz/signature.ts";

/**
 * A mutation test of the verifier: each check is taken out of the source, and a form that must not pass has to pass
 * then. What the source no longer says cannot be taken out, so the list cannot fall behind it.
 */
const SOURCE = new URL("../adapters/sslcommerz/signature.ts", import.meta.url);
const FIELDS = new URL("../adapters/sslcommerz/fields.ts", import.meta.url);
const PASSWORD = "qwerty";
const [, V2] = GOLDEN_VECTORS;

type Check = typeof checkSignature;
type Form = Map<string, string>;

const genuine = (): Form => goldenForm(V2);
const namesOf = (form: Form): string[] => (form.get("verify_key") ?? "").split(",");

/** Signs by the algorithm itself, as somebody would who knows the password or does not need it. */
async function sign(form: Form, names: readonly string[], password = PASSWORD): Promise<Form> {
  const { createHash } = await import("node:crypto");
  const digest = (algorithm: "md5" | "sha256"): string =>
    createHash(algorithm)
      .update(signedText(names, form, password, algorithm))
      .digest("hex");
  return form
    .set("verify_key", names.join(","))
    .set("verify_sign", digest("md5"))
    .set("verify_sign_sha2", digest("sha256"));
}

const without = (name: string): string[] => namesOf(genuine()).filter((one) => one !== name);

type Mutation = {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  /** What only this check stops. */
  readonly form: () => Form | Promise<Form>;
};

const REQUIRED: readonly Mutation[] = ["tran_id", "val_id", "amount", "currency", "status", "store_id"].map(
  (name) => ({
    rule: `a claim of payment has to sign ${name}`,
    from: 'REQUIRED_PAID = ["tran_id", "val_id", "amount", "currency", "status", "store_id"]',
    to: `REQUIRED_PAID = ${JSON.stringify(["tran_id", "val_id", "amount", "currency", "status", "store_id"].filter((one) => one !== name))}`,
    form: () => sign(genuine(), without(name)),
  }),
);

const MUTATIONS: readonly Mutation[] = [
  ...REQUIRED,
  ...["tran_id", "status"].map((name) => ({
    rule: `any other claim has to sign ${name}`,
    from: 'REQUIRED_OTHER = ["tran_id", "status"]',
    to: `REQUIRED_OTHER = ["${name === "status" ? "tran_id" : "status"}"]`,
    form: () => sign(genuine().set("status", "FAILED"), without(name)),
  })),
  {
    rule: "the later word for paid needs as much as the first",
    from: 'status === "VALID" || status === "VALIDATED"',
    to: 'status === "VALID"',
    form: () => sign(genuine().set("status", "VALIDATED"), without("amount")),
  },
  {
    rule: "a name is listed once",
    from: 'if (new Set(names).size !== names.length) return "KEY_REPEATED";',
    to: "",
    form: () => sign(genuine(), [...namesOf(genuine()), "amount"]),
  },
  {
    rule: "the password is not listed",
    from: 'if (names.includes("store_passwd")) return "KEY_IS_PASSWORD";',
    to: "",
    form: () => sign(genuine().set("store_passwd", "x"), [...namesOf(genuine()), "store_passwd"]),
  },
  {
    rule: "what is listed is in the body",
    from: 'if (names.some((name) => !fields.has(name))) return "KEY_NOT_IN_BODY";',
    to: "",
    form: () => sign(genuine(), [...namesOf(genuine()), "ghost"]),
  },
  {
    rule: "a form without any digest is not signed",
    from: 'if (md5 === "" && sha256 === "") return { signature: "absent", note: null };',
    to: 'if (md5 === "" && sha256 === "") return { signature: "valid", note: null };',
    form: () => new Map([...genuine()].filter(([name]) => !name.startsWith("verify_sign"))),
  },
  {
    rule: "the list of names is looked at",
    from: 'if (problem !== null) return { signature: "invalid", note: problem };',
    to: "",
    form: () => sign(genuine(), without("amount")),
  },
  {
    rule: "the SHA-256 digest is compared, and not only there",
    from: 'const strong = matches(sha256, "sha256");',
    to: 'const strong = sha256 !== "";',
    form: () => genuine().set("amount", "6.00"),
  },
  {
    rule: "the MD5 digest is compared, and not only there",
    from: 'const weak = matches(md5, "md5");',
    to: 'const weak = md5 !== "";',
    form: () => genuine().set("amount", "6.00").set("verify_sign_sha2", ""),
  },
  {
    rule: "a digest is compared to its end",
    from: "a.length === b.length && timingSafeEqual(a, b)",
    to: "timingSafeEqual(a, b.subarray(0, a.length))",
    form: () => genuine().set("verify_sign", "").set("verify_sign_sha2", V2.sha256.slice(0, 2)),
  },
  {
    rule: "the values are signed and not only their names",
    from: "[name, readField(fields, name)]",
    to: '[name, name === "amount" ? "600.00" : readField(fields, name)]',
    form: () => genuine().set("amount", "6.00"),
  },
  {
    rule: "the password is signed",
    from: 'pairs.push(["store_passwd", hex(algorithm, storePassword)]);',
    to: "",
    form: async () => unkeyed(genuine()),
  },
];

/** Digests that anybody can compute: those of the text without the password. */
async function unkeyed(form: Form): Promise<Form> {
  const { createHash } = await import("node:crypto");
  const text = namesOf(form)
    .toSorted()
    .map((name) => `${name}=${form.get(name) ?? ""}`)
    .join("&");
  const digest = (algorithm: string): string => createHash(algorithm).update(text).digest("hex");
  return form.set("verify_sign", digest("md5")).set("verify_sign_sha2", digest("sha256"));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "oi-mutants-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The verifier without one of its checks. */
async function mutant({ from, to, rule }: Mutation, no: number): Promise<Check> {
  const source = readFileSync(SOURCE, "utf8");
  expect(source.split(from), `the source says "${from}" once, for: ${rule}`).toHaveLength(2);
  const path = join(folder, `mutant-${no}.ts`);
  const changed = source.replace(from, () => to).replace('"./fields.ts"', JSON.stringify(FIELDS.href));
  writeFileSync(path, changed);
  const module = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { checkSignature: Check };
  return module.checkSignature;
}

const passes = (check: Check, form: Fields): boolean =>
  ["valid", "weak"].includes(check(form, PASSWORD).signature);

describe("the verifier of signatures", () => {
  it.each(MUTATIONS.map((mutation, no) => ({ ...mutation, no })))(
    "needs its check: $rule",
    async (mutation) => {
      const form = await mutation.form();
      expect(passes(checkSignature, form)).toBe(false);
      expect(passes(await mutant(mutation, mutation.no), form)).toBe(true);
    },
  );

  it("is no stricter than the published captures", () => {
    for (const vector of GOLDEN_VECTORS) {
      expect(checkSignature(goldenForm(vector), vector.storePassword).signature).toBe("valid");
    }
  });
});
