import { notFound } from "@oi/kernel/errors";
import { SCHEMA_VERSION } from "../domain/body.ts";
import {
  changeSettings,
  checkSettings,
  deleteEndpoint,
  type Endpoint,
  requireRoom,
  type Settings,
  type Switch,
  switchEndpoint,
  type Target,
} from "../domain/endpoint.ts";
import type { ChangeDesk, Desk, Done, Once } from "./admin-ports.ts";
import type { EndpointStore, SecretBox, TargetPolicy, WebhookSigner } from "./ports.ts";
import { readableSecret, type SecretReader } from "./readable-secret.ts";

export type NewEndpointRequest = {
  readonly url: string;
  readonly eventTypes: readonly string[];
  /** Null: the newest. */
  readonly schemaVersion: number | null;
  readonly description: string;
};

export type EndpointChange = {
  readonly id: number;
  readonly expectedVersion: number;
  readonly url: string | null;
  readonly eventTypes: readonly string[] | null;
  readonly schemaVersion: number | null;
  readonly description: string | null;
};

export type ManageEndpoint = {
  create(once: Once, asked: NewEndpointRequest): Promise<{ endpoint: Endpoint; secret: string | null }>;
  update(once: Once, change: EndpointChange): Promise<Endpoint>;
  pause(once: Once, id: number): Promise<Endpoint>;
  resume(once: Once, id: number): Promise<Endpoint>;
  disable(once: Once, id: number): Promise<Endpoint>;
  enable(
    once: Once,
    id: number,
    discardSuspended: boolean,
  ): Promise<{ endpoint: Endpoint; recoveryId: number }>;
  remove(once: Once, id: number): Promise<Endpoint>;
};

type Ports = {
  readonly desk: ChangeDesk;
  readonly endpoints: Pick<EndpointStore, "reserveIds">;
  readonly secrets: SecretReader;
  readonly policy: TargetPolicy;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
};

export async function endpointOf(desk: Desk, id: number): Promise<Endpoint> {
  const endpoint = await desk.endpoint(id);
  if (!endpoint || endpoint.state === "DELETED") throw notFound("Endpoint");
  return endpoint;
}

async function settingsOf(change: EndpointChange, policy: TargetPolicy): Promise<Settings> {
  const { url, eventTypes, schemaVersion, description } = change;
  return {
    ...(url === null ? {} : { url: await policy.examine(url) }),
    ...(eventTypes === null ? {} : { eventTypes }),
    ...(schemaVersion === null ? {} : { schemaVersion }),
    ...(description === null ? {} : { description }),
  };
}

/** Endpoints beside the default ones, and the states of all. Each method may raise what its RPC documents. */
export function manageEndpoint(ports: Ports): ManageEndpoint {
  const { desk, endpoints, policy, secretBox, signer } = ports;
  const change = async (
    once: Once,
    id: number,
    decide: (before: Endpoint) => Endpoint,
  ): Promise<Endpoint> => {
    const { value } = await desk.once(once, async (at) => at.saveEndpoint(decide(await endpointOf(at, id))));
    return value;
  };
  const switched = (verb: Switch) => (once: Once, id: number) =>
    change(once, id, (before) => switchEndpoint(before, verb));
  return {
    create: async (once, { url, eventTypes: asked, schemaVersion: version, description }) => {
      // Asked before and judged inside: a repeat gets its answer, whatever the name has become.
      const target: Target = await policy.examine(url);
      const eventTypes = asked.length === 0 ? ["*"] : asked;
      const schemaVersion = version ?? SCHEMA_VERSION;
      const secret = signer.newSecret();
      const [id = 0] = await endpoints.reserveIds(1);
      const { url: to, hostKey } = target;
      const done: Done<Endpoint> = await desk.once(once, async (at) => {
        checkSettings({ url: target, eventTypes, schemaVersion });
        requireRoom(await at.countEndpoints());
        const made = await at.insertEndpoint({
          id,
          url: to,
          hostKey,
          eventTypes,
          schemaVersion,
          description,
        });
        const context = { endpointId: id, version: 1, algorithm: "v1" } as const;
        await at.addSecret(id, 1, secretBox.seal(secret, context));
        return made;
      });
      const stored = { applicationId: once.scope.applicationId, endpointId: done.value.id, version: 1 };
      return { endpoint: done.value, secret: await readableSecret(ports, done, stored, secret) };
    },
    update: async (once, asked) => {
      const settings = await settingsOf(asked, policy);
      return change(once, asked.id, (before) => changeSettings(before, asked.expectedVersion, settings));
    },
    pause: switched("PAUSE"),
    resume: switched("RESUME"),
    disable: switched("DISABLE"),
    enable: async (once, id, discardSuspended) => {
      const { value } = await desk.once(once, async (at) => {
        // What still runs belongs to the time before it was disabled.
        await at.endRecoveries(id);
        const endpoint = await at.saveEndpoint(switchEndpoint(await endpointOf(at, id), "ENABLE"));
        const scope = discardSuspended ? "DISCARD" : "SUSPENDED";
        const everything = { since: null, until: null, eventTypes: [] };
        const { id: recoveryId } = await at.startRecovery({ endpointId: id, scope, ...everything });
        return { endpoint, recoveryId };
      });
      return value;
    },
    remove: (once, id) => change(once, id, deleteEndpoint),
  };
}
