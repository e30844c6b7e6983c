import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";

export type EndpointState = "ENABLED" | "PAUSED" | "DISABLED" | "DELETED";

/** A URL of one application in one mode. */
export type Endpoint = {
  readonly id: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly url: string | null;
  readonly isDefault: boolean;
  readonly state: EndpointState;
  readonly disabledReason: string | null;
  readonly eventTypes: readonly string[];
  readonly schemaVersion: number;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** Where an application's webhooks go, after the URL rules looked at it. */
export type Target = {
  readonly url: string | null;
  /** Lower-case host and port, what the caps of a host count by; null without a usable URL. */
  readonly hostKey: string | null;
  /** The rules refuse the URL: the endpoint is disabled until a better one arrives. */
  readonly isRefused: boolean;
};

export const URL_REFUSED = "URL_REFUSED";

type Aim = Pick<Endpoint, "url" | "state" | "disabledReason">;

/** An endpoint after its application named another target. Only a refusal by these rules is lifted by a good URL. */
export function retarget(endpoint: Aim, target: Target): Aim {
  if (target.isRefused) return { url: target.url, state: "DISABLED", disabledReason: URL_REFUSED };
  if (endpoint.disabledReason === URL_REFUSED)
    return { url: target.url, state: "ENABLED", disabledReason: null };
  return { ...endpoint, url: target.url };
}
