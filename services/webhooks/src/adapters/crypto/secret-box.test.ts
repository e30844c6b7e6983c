import { randomBytes } from "node:crypto";
import { Secret } from "@oi/platform/config/env";
import { expect, it } from "vitest";
import { aesSecretBox } from "./secret-box.ts";

const kek = (id: string) => ({ id, key: new Secret(randomBytes(32).toString("base64")) });
const context = { endpointId: 5, version: 1, algorithm: "v1" } as const;

it("opens what it sealed, with another nonce each time", () => {
  const box = aesSecretBox([kek("a")]);
  const [one, two] = [box.seal("whsec_x", context), box.seal("whsec_x", context)];
  expect(one.kekId).toBe("a");
  expect(one.nonce).toHaveLength(12);
  expect(Buffer.from(one.nonce)).not.toEqual(Buffer.from(two.nonce));
  expect(Buffer.from(one.ciphertext).toString("latin1")).not.toContain("whsec_x");
  expect([box.open(one, context), box.open(two, context)]).toEqual(["whsec_x", "whsec_x"]);
});

it("seals with the first key and opens with every listed one", () => {
  const [older, newer] = [kek("older"), kek("newer")];
  const sealed = aesSecretBox([older]).seal("s", context);
  const both = aesSecretBox([newer, older]);
  expect(both.open(sealed, context)).toBe("s");
  expect(both.seal("s", context).kekId).toBe("newer");
  expect(() => aesSecretBox([newer]).open(sealed, context)).toThrow(/older/);
});

it("opens nothing that was moved, changed or cut", () => {
  const box = aesSecretBox([kek("a")]);
  const sealed = box.seal("whsec_x", context);
  for (const other of [{ endpointId: 6 }, { version: 2 }]) {
    expect(() => box.open(sealed, { ...context, ...other })).toThrow();
  }
  const changed = Uint8Array.from(sealed.ciphertext);
  changed[0] = (changed[0] ?? 0) ^ 1;
  expect(() => box.open({ ...sealed, ciphertext: changed }, context)).toThrow();
  expect(() => box.open({ ...sealed, ciphertext: sealed.ciphertext.slice(0, 10) }, context)).toThrow();
  expect(() => aesSecretBox([])).toThrow();
});
