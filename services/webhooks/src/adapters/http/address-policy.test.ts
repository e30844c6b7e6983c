import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { DENIED } from "../../testing/denied-addresses.ts";
import { NO_NAMES } from "../../testing/no-names.ts";
import { createAddressPolicy, isSameAddress } from "./address-policy.ts";
import { parseUrl } from "./parsed-url.ts";
import { createTargetPolicy } from "./target-policy.ts";

const policy = createAddressPolicy([]);

const ALLOWED = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1"];

/** What no byte may go to, as the designs list it; all of IPv6 outside 2000::/3 as the ranges around it. */
const RANGES = (
  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 " +
  "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32 " +
  "::/128 ::1/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:2::/48 2001:db8::/32 2002::/16 3fff::/20 " +
  "5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 ::/3 4000::/2 8000::/1"
).split(" ");

describe("the address policy", () => {
  it("refuses every private, reserved and special address", () => {
    for (const address of DENIED) expect(policy.isAllowed(address), address).toBe(false);
  });

  it("refuses the first, the last and any address of every range that the designs name", () => {
    for (const cidr of RANGES) {
      const [base, bits] = ipaddr.parseCIDR(cidr);
      const bytes = base.toByteArray();
      // The bits behind the prefix: none set, all set, or some of them.
      const filled = (fill: (i: number) => number): string =>
        ipaddr
          .fromByteArray(
            bytes.map((byte, i) => byte | (fill(i) & (0xff >> Math.min(8, Math.max(0, bits - 8 * i))))),
          )
          .toString();
      const some = Array.from({ length: 20 }, (_, n) => filled((i) => (n * 97 + i * 59) & 0xff));
      for (const address of [filled(() => 0), filled(() => 0xff), ...some])
        expect(policy.isAllowed(address), `${address} of ${cidr}`).toBe(false);
    }
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
  const targets = createTargetPolicy(policy, NO_NAMES);
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
      "https://shop.example:22/",
      "https://shop.example:0/",
      "https://shop.example:65536/",
      "wss://shop.example/",
      "file:///etc/passwd",
      "data:text/plain,x",
      "gopher://shop.example/",
      "https://good@10.0.0.1/",
      "https://user:pass@shop.example/",
      "https://user@shop.example/",
      "https://:word@shop.example/",
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
    const loose = createTargetPolicy(createAddressPolicy(["127.0.0.0/8"]), NO_NAMES);
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

  it("refuse hosts with empty parts, however many dots hide an address", () => {
    for (const host of ["shop.example..", "127.0.0.1..", "127.0.0.1...", "a..example", ".shop.example", "."])
      expect(isRefused(`https://${host}/`), host).toBe(true);
    const loose = createTargetPolicy(createAddressPolicy(["127.0.0.0/8"]), NO_NAMES);
    expect(loose.assess("http://a..localhost/").problem).not.toBeNull();
  });

  it("know an internationalised name by its ASCII form, and judge that", () => {
    const { url, hostKey, problem } = targets.assess("https://Bücher.Example/ok");
    expect([url, hostKey, problem]).toEqual(["https://Bücher.Example/ok", "xn--bcher-kva.example:443", null]);
    expect(targets.assess("https://দোকান.example/").hostKey).toMatch(/^xn--/);
    // Letters that fold into those of a private name or address.
    for (const host of [
      "ⓛocalhost",
      "localhost。",
      "a.ｌｏｃａｌ",
      "１２７.0.0.1",
      "169｡254｡169｡254",
      "[::ﬀff:7f00:1]",
    ])
      expect(isRefused(`https://${host}/`), host).toBe(true);
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
