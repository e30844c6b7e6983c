import type { Fields } from "../domain/signature.ts";
import type { Stores } from "./ports.ts";

/** Whether `store_id` and `store_passwd` belong together. */
export function isStore(stores: Stores, fields: Fields): boolean {
  const password = stores.get(fields.store_id ?? "");
  return password !== undefined && password === fields.store_passwd;
}
