import { describe, expect, test } from "vitest";
import { addressGroup } from "./address-group.ts";
import { isAllowedHost } from "./allowed-host.ts";

describe("addresses that are limited together", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ])("%s counts as %s", (address, group) => expect(addressGroup(address)).toBe(group));
});

describe("hosts", () => {
  const allowed = ["pay.example", "[::1]"];
  test.each(["pay.example", "PAY.example", "pay.example:8443", "[::1]", "[::1]:80"])("%s is ours", (host) => {
    expect(isAllowedHost(host, allowed)).toBe(true);
  });
  test.each([
    "",
    "evil.example",
    "pay.example.evil.example",
    "pay.example:80:80",
    "pay.example@evil.example",
    "pay.example/evil",
    "pay.example, evil.example",
    "pay.example.",
    "::1",
  ])("%j is not", (host) => expect(isAllowedHost(host, allowed)).toBe(false));
});
