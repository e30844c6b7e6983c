const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The UUID inside `evt_` and 22 base58 characters, as text; null for anything else. Not the service's own code. */
export function fromBase58Event(id: string): string | null {
  if (!/^evt_[1-9A-HJ-NP-Za-km-z]{22}$/.test(id)) return null;
  let value = 0n;
  for (const character of id.slice(4)) value = value * 58n + BigInt(ALPHABET.indexOf(character));
  const hex = value.toString(16).padStart(32, "0");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
