import { createHash, timingSafeEqual } from "node:crypto";
import { answerJson, type Incoming, type Outgoing } from "./exchange.ts";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Without a token any program of this computer may steer the simulator, but no web page: a browser names the page's origin,
 * and a page of another origin could otherwise post here.
 */
export function createAdminGuard(
  adminToken: string | null,
  publicUrl: string,
): (incoming: Incoming) => Outgoing | null {
  return ({ headers }) => {
    if (headers.origin !== undefined && headers.origin !== new URL(publicUrl).origin) {
      return answerJson(403, { error: "Admin calls are not for web pages." });
    }
    if (adminToken === null) return null;
    const isKnown = timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${adminToken}`));
    return isKnown ? null : answerJson(401, { error: "The admin token is missing or wrong." });
  };
}
