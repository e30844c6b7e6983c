import type { Constellation, ServiceDatabases } from "@oi/e2e/constellation";
import type { DemoApplication } from "./demo-application.ts";

type Service = { readonly grpc: string; readonly http: string };

/** What tools and checks need to know about a running constellation: `$OI_HOME/dev.json`, mode 0600. */
export type DevFile = {
  readonly baseUrl: string;
  readonly publicUrl: string;
  readonly pid: number;
  readonly application: DemoApplication;
  readonly services: { readonly payments: Service; readonly ledger: Service; readonly webhooks: Service };
  readonly gatewaySandbox: { readonly url: string | null };
  readonly databases: { readonly payments: string; readonly ledger: string; readonly webhooks: string };
  readonly nats: { readonly url: string };
};

export function devFile(facts: {
  readonly baseUrl: string;
  readonly constellation: Constellation;
  readonly databases: ServiceDatabases;
  readonly natsUrl: string;
  readonly application: DemoApplication;
}): DevFile {
  const { constellation, databases } = facts;
  return {
    baseUrl: facts.baseUrl,
    publicUrl: constellation.publicUrl,
    pid: process.pid,
    application: facts.application,
    services: constellation.services,
    gatewaySandbox: { url: constellation.sandboxUrl },
    databases: {
      payments: databases.payments.url,
      ledger: databases.ledger.url,
      webhooks: databases.webhooks.url,
    },
    nats: { url: facts.natsUrl },
  };
}
