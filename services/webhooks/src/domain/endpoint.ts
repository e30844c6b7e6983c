import { DomainError, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import { SCHEMA_VERSION } from "./body.ts";
import type { BreakerState } from "./breaker.ts";
import { unknownEntries } from "./filter.ts";

export type EndpointState = "ENABLED" | "PAUSED" | "DISABLED" | "DELETED";

/** A URL of one application in one mode. */
export type Endpoint = {
  readonly id: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly url: string | null;
  readonly hostKey: string | null;
  readonly isDefault: boolean;
  readonly state: EndpointState;
  readonly disabledReason: string | null;
  readonly eventTypes: readonly string[];
  readonly schemaVersion: number;
  readonly description: string;
  readonly version: number;
  readonly breaker: BreakerState;
  readonly openUntil: Instant | null;
  readonly cap: number;
  readonly lastOkAt: Instant | null;
  readonly firstFailAt: Instant | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** How much waits; counted up to a limit. */
export type Backlog = { readonly pending: number; readonly parked: number };

/** Where an application's webhooks go, after the URL rules looked at it. */
export type Target = {
  readonly url: string | null;
  /** Lower-case host and port, what the caps of a host count by; null without a usable URL. */
  readonly hostKey: string | null;
  /** Why the rules refuse the URL: the endpoint is disabled until a better one arrives. */
  readonly problem: string | null;
};

export const URL_REFUSED = "URL_REFUSED";
const OPERATOR = "OPERATOR";
const MAX_ENDPOINTS = 30;

type Aim = Pick<Endpoint, "url" | "state" | "disabledReason">;

/**
 * An endpoint after its application named another target. Only a refusal by these rules is lifted by a good URL: what a
 * person, or the endpoint itself, disabled stays so whatever URLs come.
 */
export function retarget(endpoint: Aim, target: Target): Aim {
  const { url } = target;
  if (target.problem !== null)
    return { url, state: "DISABLED", disabledReason: endpoint.disabledReason ?? URL_REFUSED };
  if (endpoint.disabledReason === URL_REFUSED) return { url, state: "ENABLED", disabledReason: null };
  return { ...endpoint, url };
}

function refuse(message: string): DomainError {
  return new DomainError("INVALID_OPERATION_STATE", message);
}

export type Settings = {
  readonly url?: Target;
  readonly eventTypes?: readonly string[];
  readonly schemaVersion?: number;
  readonly description?: string;
};

/** The rules of every setting; raises VALIDATION_ERROR with each field that breaks one. */
export function checkSettings({ url, eventTypes, schemaVersion }: Settings): void {
  const fields: Record<string, string> = {};
  if (url && url.problem !== null) fields.url = url.problem;
  if (url && url.url === null) fields.url = "must be a URL";
  const bad = unknownEntries(eventTypes ?? []);
  if (bad.length > 0) fields.eventTypes = `no event has the type ${bad.join(", ")}`;
  if (eventTypes?.length === 0) fields.eventTypes = "must hold 1 to 50 entries";
  if (schemaVersion !== undefined && schemaVersion > SCHEMA_VERSION)
    fields.schemaVersion = `the newest version is ${SCHEMA_VERSION}`;
  if (Object.keys(fields).length > 0) throw invalid(fields);
}

/** Raises INVALID_OPERATION_STATE for another version than expected and for the URL of a default endpoint. */
export function changeSettings(endpoint: Endpoint, expectedVersion: number, settings: Settings): Endpoint {
  checkSettings(settings);
  if (endpoint.version !== expectedVersion)
    throw refuse(`The endpoint has version ${endpoint.version}, not ${expectedVersion}.`);
  const { url: target, eventTypes, schemaVersion, description } = settings;
  if (target && endpoint.isDefault)
    throw refuse("A default endpoint follows its application's webhookUrl; change it there.");
  return {
    ...endpoint,
    ...(target ? { url: target.url, hostKey: target.hostKey } : {}),
    eventTypes: eventTypes ?? endpoint.eventTypes,
    schemaVersion: schemaVersion ?? endpoint.schemaVersion,
    description: description ?? endpoint.description,
  };
}

const FROM: Readonly<Record<"PAUSE" | "RESUME" | "DISABLE" | "ENABLE", readonly EndpointState[]>> = {
  PAUSE: ["ENABLED"],
  RESUME: ["PAUSED"],
  DISABLE: ["ENABLED", "PAUSED"],
  ENABLE: ["DISABLED"],
};

export type Switch = keyof typeof FROM;

/** Raises INVALID_OPERATION_STATE when the state does not allow it. */
export function switchEndpoint(endpoint: Endpoint, verb: Switch): Endpoint {
  if (!FROM[verb].includes(endpoint.state))
    throw refuse(
      `The endpoint is ${endpoint.state}; ${verb.toLowerCase()} needs ${FROM[verb].join(" or ")}.`,
    );
  if (verb === "ENABLE" && endpoint.url !== null && endpoint.hostKey === null)
    throw refuse("The URL is refused; the application must name another webhookUrl.");
  if (verb === "PAUSE") return { ...endpoint, state: "PAUSED" };
  if (verb === "DISABLE") return { ...endpoint, state: "DISABLED", disabledReason: OPERATOR };
  return { ...endpoint, state: "ENABLED", disabledReason: null };
}

/** Raises INVALID_OPERATION_STATE for a default endpoint. */
export function deleteEndpoint(endpoint: Endpoint): Endpoint {
  if (endpoint.isDefault)
    throw refuse("A default endpoint cannot be deleted; remove its application's webhookUrl.");
  return { ...endpoint, state: "DELETED", disabledReason: null };
}

/** Raises INVALID_OPERATION_STATE when an application has as many as it may. */
export function requireRoom(count: number): void {
  if (count >= MAX_ENDPOINTS) throw refuse(`An application has at most ${MAX_ENDPOINTS} endpoints per mode.`);
}
