import { grpcTransport, rpcClient, type Transport } from "@oi/platform/rpc/client";
import { Mode } from "@oi/proto/common/v1/mode";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import type { World } from "./world.ts";

/** An application whose payments the storm makes. */
export type Shop = {
  readonly id: number;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly signingSecret: string;
  /** Where its webhooks go. */
  readonly url: string;
};

type Doors = { readonly payments: Transport; readonly webhooks: Transport };

async function registerOne({ payments, webhooks }: Doors, name: string, url: string): Promise<Shop> {
  const { application, credentials } = await rpcClient(ApplicationsService, payments).registerApplication({
    name,
    webhookUrl: url,
  });
  const test = credentials.find(({ mode }) => mode === Mode.TEST);
  if (!application || !test) throw new Error("a registration returns an application and its credentials");
  const { secret } = await rpcClient(EndpointsService, webhooks).ensureDefaultEndpoints({
    applicationId: application.id,
    applicationVersion: application.version,
    url,
  });
  if (!secret) throw new Error("new endpoints come with their secret");
  const { apiKey, apiSecret } = test;
  return { id: Number(application.id), apiKey, apiSecret, signingSecret: secret, url };
}

/** One shop per sink; the last one then moves its webhooks to the trap, which must never get any. */
export async function registerShops(world: World, sinks: readonly string[], trap: string): Promise<Shop[]> {
  using payments = grpcTransport(world.addresses.payments);
  using webhooks = grpcTransport(world.addresses.webhooks);
  const doors = { payments, webhooks };
  const shops: Shop[] = [];
  for (const [i, url] of sinks.entries()) shops.push(await registerOne(doors, `Shop ${i + 1}`, url));
  const last = shops.at(-1);
  if (last)
    await rpcClient(ApplicationsService, payments).updateSettings(
      { applicationId: BigInt(last.id), webhookUrl: trap },
      { headers: { "oi-actor": "storm" } },
    );
  return shops;
}
