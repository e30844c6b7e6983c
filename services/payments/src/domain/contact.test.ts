import { expect, it } from "vitest";
import { checkRedirectUrl } from "./contact.ts";

it("takes http for TEST payments and https alone for LIVE ones", () => {
  expect(checkRedirectUrl("http://localhost:3000/thanks", "TEST")).toBe("http://localhost:3000/thanks");
  expect(checkRedirectUrl("HTTPS://shop.example/thanks", "LIVE")).toBe("HTTPS://shop.example/thanks");
  expect(() => checkRedirectUrl("http://shop.example/thanks", "LIVE")).toThrow(/https/);
});

it.each(["ftp://x.example", "https://user@x.example", "https://x.example\\@y.example", "/thanks"])(
  "takes %s for none",
  (url) => {
    for (const mode of ["TEST", "LIVE"] as const)
      expect(() => checkRedirectUrl(url, mode)).toThrow(/absolute/);
  },
);
