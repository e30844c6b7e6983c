import type { AddressResolver } from "../adapters/http/address-resolver.ts";

/** A resolver that knows no name and asks nobody. */
export const NO_NAMES: AddressResolver = { resolve: async () => [] };
