import { afterAll, beforeAll, expect, it } from "vitest";
import { type DnsServer, openDnsServer, type Records } from "../../testing/dns-server.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { createAddressResolver } from "./address-resolver.ts";
import { createTargetPolicy } from "./target-policy.ts";

// Real: the resolver over UDP. Double: a DNS server that answers what a test says, or nothing.

const NAMES: Readonly<Record<string, Records | null>> = {
  "shop.example": { addresses: ["93.184.216.34", "2606:4700::1111"] },
  "inner.example": { addresses: ["10.0.0.1"] },
  "mixed.example": { addresses: ["93.184.216.34", "fd00::1"] },
  "alias.example": { addresses: ["169.254.169.254"], aliases: ["metadata.example"] },
  "sink.example": { addresses: ["127.0.0.1"] },
  "silent.example": null,
};

let dns: DnsServer;
beforeAll(async () => {
  dns = await openDnsServer((name) => (name in NAMES ? (NAMES[name] ?? null) : { addresses: [] }));
});
afterAll(() => dns[Symbol.asyncDispose]());

function targets(...allow: readonly string[]) {
  const policy = createAddressPolicy(allow);
  return createTargetPolicy(policy, createAddressResolver({ policy, servers: [dns.address] }));
}

it("refuses early what leads to an address that is not allowed, also when only one of several does", async () => {
  const { examine, assess } = targets();
  for (const host of ["inner.example", "mixed.example", "alias.example", "INNER.example."]) {
    const url = `https://${host}/hook`;
    expect(assess(url).problem, host).toBeNull();
    expect(await examine(url), host).toMatchObject({
      url,
      hostKey: null,
      problem: "leads to an address that is not allowed",
    });
  }
  expect(await examine("https://shop.example/hook")).toMatchObject({
    hostKey: "shop.example:443",
    problem: null,
  });
  expect((await examine("http://shop.example/hook")).problem).toBe("must begin with https://");
  expect((await examine("https://10.0.0.1/")).problem).toBe("must not point to a private address");
});

it("takes a name that does not resolve yet, and does not wait for a server that is silent", async () => {
  const { examine } = targets();
  expect((await examine("https://nobody.example/")).problem).toBeNull();
  const begun = performance.now();
  expect((await examine("https://silent.example/")).problem).toBeNull();
  expect(performance.now() - begun).toBeLessThan(6_000);
});

it("lets plain http and other ports only towards the allow-list", async () => {
  const { examine } = targets("127.0.0.0/8");
  expect((await examine("http://sink.example:9000/")).problem).toBeNull();
  for (const url of ["http://shop.example/", "https://shop.example:9000/", "http://inner.example/"])
    expect((await examine(url)).problem, url).not.toBeNull();
  expect((await examine("https://shop.example/")).problem).toBeNull();
});
