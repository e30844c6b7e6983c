/** Hex digests of UTF-8 text, lower case. Passed in, because the domain knows no cryptography. */
export type Digests = { md5(text: string): string; sha256(text: string): string };

export type Fields = Readonly<Record<string, string>>;

export const SIGN_MODES = [
  "good",
  "bad",
  "none",
  "md5_only",
  "other_password",
  "keys_dropped",
  "old_25_keys",
  "duplicate_field",
] as const;

/** How a callback is signed: genuinely, or in one of the ways a forger or an old gateway would. */
export type SignMode = (typeof SIGN_MODES)[number];

/** `name=value` of every signed field and of the password digest, by name, joined by `&`, nothing encoded, empty values kept. */
export function buildSignedText(fields: Fields, passwordDigest: string): string {
  const signed: Record<string, string> = { ...fields, store_passwd: passwordDigest };
  return Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name] ?? ""}`)
    .join("&");
}

/** `verify_key`, `verify_sign` and `verify_sign_sha2`: each digest signs the text that holds the password in the same digest. */
export function signFields(fields: Fields, password: string, digests: Digests): Fields {
  return {
    verify_key: Object.keys(fields).sort().join(","),
    verify_sign: digests.md5(buildSignedText(fields, digests.md5(password))),
    verify_sign_sha2: digests.sha256(buildSignedText(fields, digests.sha256(password))),
  };
}

/** The signature fields for a mode; `otherPassword` belongs to some other store. */
export function signInMode(
  fields: Fields,
  mode: SignMode,
  passwords: { readonly own: string; readonly other: string },
  digests: Digests,
): Fields {
  if (mode === "none") return {};
  const { amount: _, ...withoutAmount } = fields;
  const signed = mode === "keys_dropped" ? withoutAmount : fields;
  const signature = signFields(signed, mode === "other_password" ? passwords.other : passwords.own, digests);
  if (mode === "md5_only") {
    return { verify_key: signature.verify_key ?? "", verify_sign: signature.verify_sign ?? "" };
  }
  if (mode === "bad") {
    return {
      verify_key: signature.verify_key ?? "",
      verify_sign: digests.md5(signature.verify_sign ?? ""),
      verify_sign_sha2: digests.sha256(signature.verify_sign_sha2 ?? ""),
    };
  }
  return signature;
}
