import type { Database } from "@oi/platform/postgres/client";
import { postgresChangeDesk } from "./change-desk.ts";
import { postgresDeliveryLog } from "./delivery-log.ts";
import { postgresEndpointLog } from "./endpoint-log.ts";
import { postgresEndpointStore } from "./endpoint-store.ts";
import { postgresParkedEvents } from "./parked-events.ts";

/** What requests read and change. */
export function postgresAdminStores(database: Database) {
  return {
    desk: postgresChangeDesk(database),
    endpoints: postgresEndpointStore(database),
    endpointLog: postgresEndpointLog(database),
    deliveryLog: postgresDeliveryLog(database),
    parked: postgresParkedEvents(database),
  };
}
