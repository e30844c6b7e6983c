import { join } from "node:path";
import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { readJson, writePrivateJson } from "./home.ts";

export type DemoApplication = {
  readonly id: number;
  readonly name: string;
  readonly testApiKey: string;
  readonly testApiSecret: string;
  readonly liveApiKey: string;
  readonly liveApiSecret: string;
  readonly signingSecret: string;
};

type Transports = { readonly payments: Transport; readonly webhooks: Transport };

const NAME = "Demo Shop";

/** The demo application of this home: the same at every start, made anew when its credentials are not known here. */
export async function demoApplication(folder: string, transports: Transports): Promise<DemoApplication> {
  const file = join(folder, "demo.json");
  const known = readJson<DemoApplication>(file);
  if (known && (await stillOpens(known, transports))) return known;
  const fresh = await register(transports);
  writePrivateJson(file, fresh);
  return fresh;
}

/** Another database may stand behind the same folder. */
async function stillOpens(
  { testApiKey, testApiSecret }: DemoApplication,
  { payments }: Transports,
): Promise<boolean> {
  const applications = rpcClient(ApplicationsService, payments);
  return rpc(applications.authenticateCredential({ apiKey: testApiKey, apiSecret: testApiSecret })).then(
    () => true,
    () => false,
  );
}

async function register({ payments, webhooks }: Transports): Promise<DemoApplication> {
  const { application, credentials } = await rpc(
    rpcClient(ApplicationsService, payments).registerApplication({ name: NAME }),
  );
  const test = credentials.find(({ mode }) => mode === Mode.TEST);
  const live = credentials.find(({ mode }) => mode === Mode.LIVE);
  if (!application || !test || !live)
    throw new Error("a registration returns an application and two credentials");
  const { secret } = await rpc(
    rpcClient(EndpointsService, webhooks).ensureDefaultEndpoints({
      applicationId: application.id,
      applicationVersion: application.version,
    }),
  );
  if (!secret) throw new Error("the endpoints of a new application come with their secret");
  return {
    id: Number(application.id),
    name: application.name,
    testApiKey: test.apiKey,
    testApiSecret: test.apiSecret,
    liveApiKey: live.apiKey,
    liveApiSecret: live.apiSecret,
    signingSecret: secret,
  };
}
