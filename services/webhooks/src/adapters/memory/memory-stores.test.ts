import { changeDeskContract } from "../../application/change-desk.contract.ts";
import { deliveryQueueContract } from "../../application/delivery-queue.contract.ts";
import { endpointChangesContract } from "../../application/endpoint-changes.contract.ts";
import { endpointHealthContract } from "../../application/endpoint-health.contract.ts";
import { endpointStoreContract } from "../../application/endpoint-store.contract.ts";
import { eventInboxContract } from "../../application/event-inbox.contract.ts";
import { recoveryContract } from "../../application/recovery.contract.ts";
import { secretShelfContract } from "../../application/secret-shelf.contract.ts";
import { openMemoryStores } from "../../testing/memory-stores.ts";

eventInboxContract(openMemoryStores);
endpointStoreContract(openMemoryStores);
deliveryQueueContract(async () => openMemoryStores());
changeDeskContract(async () => openMemoryStores());
endpointHealthContract(async () => openMemoryStores());
secretShelfContract(async () => openMemoryStores());
endpointChangesContract(async () => openMemoryStores());
recoveryContract(async () => openMemoryStores());
