import { describe, expect, it } from "vitest";
import { DENIED } from "../../testing/denied-addresses.ts";
import { createAddressPolicy, isSameAddress } from "./address-policy.ts";
import { parseUrl } from "./parsed-url.ts";
import { createTargetPolicy } from "./target-policy.ts";

const policy = createAddressPolicy([]);

const ALLOWED = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"];

describe("the address policy", () => {
  it("refuses every private, reserved and special address", () => {
    for (const address of DENIED) expect(policy.isAllowed(address), address).toBe(false);
  });

  it("allows public unicast", () => {
    for (const address of ALLOWED) expect(policy.isAllowed(address), address).toBe(true);
  });

  it("refuses what is no address at all", () => {
    for (const text of ["", "example.com", "1.2.3", "1.1.1.1/8", "[::1]"]) {
      expect(policy.isAllowed(text), text).toBe(false);
    }
  });

  it("allows what the allow-list holds, and only that", () => {
    const loose = createAddressPolicy(["127.0.0.0/8", "::1/128"]);
    expect(["127.0.0.1", "127.9.9.9", "::1"].map(loose.isAllowed)).toEqual([true, true, true]);
    expect(["10.0.0.1", "::2", "::ffff:127.0.0.1"].map(loose.isAllowed)).toEqual([false, false, false]);
    expect(loose.isListed("8.8.8.8")).toBe(false);
    expect(() => createAddressPolicy(["127.0.0.1"])).toThrow();
  });

  it("compares addresses, not spellings", () => {
    expect(isSameAddress("127.0.0.1", "::ffff:127.0.0.1")).toBe(true);
    expect(isSameAddress("2606:4700::1111", "2606:4700:0:0:0:0:0:1111")).toBe(true);
    expect(isSameAddress("1.1.1.1", "1.1.1.2")).toBe(false);
    expect(isSameAddress("1.1.1.1", "")).toBe(false);
  });
});

describe("the URL rules", () => {
  const targets = createTargetPolicy(policy);
  const isRefused = (url: string): boolean => targets.assess(url).problem !== null;

  it("refuse every spelling of a private host", () => {
    const hosts =
      "2130706433 0x7f.1 0177.0.0.1 127.1 ①②⑦.0.0.1 [::ffff:7f00:1] [64:ff9b::7f00:1] [::1] %31%32%37.0.0.1 localhost. " +
      "LOCALHOST a.localhost LocalHost. printer.local db.internal metadata.google.internal intranet 127.0.0.1. " +
      "169.254.169.254 [fd00:ec2::254] 10.0.0.1 0 [::] 127。0。0。1";
    for (const host of hosts.split(" ")) expect(isRefused(`https://${host}/hook`), host).toBe(true);
  });

  it("refuse what is not plain https to a public name", () => {
    const urls = [
      "http://shop.example/",
      "ftp://shop.example/",
      "https://shop.example:8080/",
      "https://good@10.0.0.1/",
      "https://user:pass@shop.example/",
      "https://shop.example/#top",
      "https://shop.example/#",
      "//shop.example/",
      "/hook",
      "shop.example",
      "javascript:alert(1)",
      "https://",
      "not a url",
      `https://shop.example/${"x".repeat(2_048)}`,
      `https://${"a.".repeat(130)}example/`,
    ];
    for (const url of urls) expect(isRefused(url), url.slice(0, 60)).toBe(true);
  });

  it("take https on the two ports, and name the host in one way", () => {
    const hostKey = (url: string): string | null => targets.assess(url).hostKey;
    expect(hostKey("https://Shop.Example/hook?token=1")).toBe("shop.example:443");
    expect(hostKey("https://shop.example.:443/")).toBe("shop.example:443");
    expect(hostKey("https://shop.example:8443")).toBe("shop.example:8443");
    expect(hostKey("https://8.8.8.8/")).toBe("8.8.8.8:443");
    expect(targets.assess(null)).toEqual({ url: null, hostKey: null, problem: null });
    expect(targets.assess("")).toEqual({ url: null, hostKey: null, problem: null });
    expect(targets.assess("http://a\0b/").url).toBe("http://ab/");
  });

  it("are loosened only towards the allow-list", () => {
    const loose = createTargetPolicy(createAddressPolicy(["127.0.0.0/8"]));
    const taken = [
      "http://127.0.0.1:9000/",
      "http://localhost:9000/",
      "http://a.localhost:80/",
      "http://sink:8080/",
    ];
    for (const url of taken) expect(loose.assess(url).problem, url).toBeNull();
    for (const url of ["http://10.0.0.1/", "https://10.0.0.1/", "http://8.8.8.8/", "http://u@127.0.0.1/"]) {
      expect(loose.assess(url).problem, url).not.toBeNull();
    }
  });

  it("parse before they judge, and drop the trailing dot", () => {
    expect(parseUrl("https://shop.example./x")?.url.href).toBe("https://shop.example/x");
    expect(parseUrl("https://0x7f.1/")?.parts).toMatchObject({
      host: "127.0.0.1",
      isAddress: true,
      port: 443,
    });
  });
});
