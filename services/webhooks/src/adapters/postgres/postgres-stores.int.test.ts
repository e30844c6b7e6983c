import { afterAll, beforeAll } from "vitest";
import { changeDeskContract } from "../../application/change-desk.contract.ts";
import { deliveryQueueContract } from "../../application/delivery-queue.contract.ts";
import { endpointChangesContract } from "../../application/endpoint-changes.contract.ts";
import { endpointHealthContract } from "../../application/endpoint-health.contract.ts";
import { endpointStoreContract } from "../../application/endpoint-store.contract.ts";
import { eventInboxContract } from "../../application/event-inbox.contract.ts";
import { recoveryContract } from "../../application/recovery.contract.ts";
import { secretShelfContract } from "../../application/secret-shelf.contract.ts";
import { openPostgresStores, type PostgresStores } from "../../testing/postgres-stores.ts";
import type { Stores } from "../../testing/stores.ts";

let given: PostgresStores;

beforeAll(async () => {
  given = await openPostgresStores();
});
afterAll(() => given[Symbol.asyncDispose]());

const open = (): Stores => given.stores;

eventInboxContract(open);
endpointStoreContract(open);
const openEmpty = async (): Promise<Stores> => {
  // What other tests left due would be claimed too.
  await given.admin`truncate delivery, attempt, outbox, recovery`;
  return open();
};
deliveryQueueContract(openEmpty);
changeDeskContract(openEmpty);
endpointHealthContract(openEmpty);
secretShelfContract(openEmpty);
endpointChangesContract(openEmpty);
recoveryContract(openEmpty);
