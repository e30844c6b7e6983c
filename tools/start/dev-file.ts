import type { ServiceDatabases } from "@oi/e2e/environment";
import type { DemoApplication } from "./demo-application.ts";
import type { Processes, Running } from "./program.ts";

type Service = { readonly grpc: string; readonly http: string };

/** What tools and checks need to know about a running constellation: `$OI_HOME/dev.json`, mode 0600. */
export type DevFile = {
  readonly baseUrl: string;
  readonly publicUrl: string;
  readonly pid: number;
  /** The services' own process ids, when each has a process. They change when one is started again. */
  readonly processes?: Processes;
  readonly application: DemoApplication;
  readonly services: { readonly payments: Service; readonly ledger: Service; readonly webhooks: Service };
  readonly gatewaySandbox: { readonly url: string | null };
  readonly databases: { readonly payments: string; readonly ledger: string; readonly webhooks: string };
  /** As the migrations connect: the services themselves do not see whole databases. */
  readonly databaseOwners: { readonly payments: string; readonly ledger: string; readonly webhooks: string };
  readonly nats: { readonly url: string };
};

export function devFile(facts: {
  readonly baseUrl: string;
  readonly running: Running;
  readonly databases: ServiceDatabases;
  readonly natsUrl: string;
  readonly application: DemoApplication;
}): DevFile {
  const { running, databases } = facts;
  const processes = running.processes?.();
  return {
    baseUrl: facts.baseUrl,
    publicUrl: running.publicUrl,
    pid: process.pid,
    ...(processes ? { processes } : {}),
    application: facts.application,
    services: running.services,
    gatewaySandbox: { url: running.sandboxUrl },
    databases: {
      payments: databases.payments.url,
      ledger: databases.ledger.url,
      webhooks: databases.webhooks.url,
    },
    databaseOwners: {
      payments: databases.payments.ownerUrl,
      ledger: databases.ledger.ownerUrl,
      webhooks: databases.webhooks.ownerUrl,
    },
    nats: { url: facts.natsUrl },
  };
}
