import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ReturnType<typeof ipaddr.parse>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

export type AddressPolicy = {
  readonly hasAllowList: boolean;
  /** Inside the test allow-list, which also frees from https and the port rules. */
  isListed(address: string): boolean;
  /** Public unicast, or inside the allow-list. Text that is no address is not allowed. */
  isAllowed(address: string): boolean;
};

/** Inside 2000::/3, but set aside for documentation since RFC 9637; a copy here outlives a library that forgets it. */
const MORE_RESERVED: readonly Range[] = [ipaddr.parseCIDR("3fff::/20")];
const GLOBAL_UNICAST: Range = ipaddr.parseCIDR("2000::/3");

/** The library alone would also take `1.2.3`; an address that is connected to is always spelt in full. */
function parse(text: string): Address | null {
  return isIP(text) === 0 ? null : ipaddr.parse(text);
}

function isInside(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match([base, bits] as never);
}

function isPublic(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  if (address.kind() === "ipv4") return true;
  return isInside(address, GLOBAL_UNICAST) && !MORE_RESERVED.some((range) => isInside(address, range));
}

/** Which addresses bytes may go to. Raises for a range that cannot be parsed. */
export function createAddressPolicy(allowCidrs: readonly string[]): AddressPolicy {
  const ranges = allowCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const isListed = (text: string): boolean => {
    const address = parse(text);
    return address !== null && ranges.some((range) => isInside(address, range));
  };
  return {
    hasAllowList: ranges.length > 0,
    isListed,
    isAllowed: (text) => {
      const address = parse(text);
      return address !== null && (isListed(text) || isPublic(address));
    },
  };
}

/** Whether two spellings are one address; an IPv4 address may come back in its IPv6 form. */
export function isSameAddress(a: string, b: string): boolean {
  if (!ipaddr.isValid(a) || !ipaddr.isValid(b)) return false;
  return ipaddr.process(a).toNormalizedString() === ipaddr.process(b).toNormalizedString();
}

export function isCidr(text: string): boolean {
  return ipaddr.isValidCIDR(text);
}
