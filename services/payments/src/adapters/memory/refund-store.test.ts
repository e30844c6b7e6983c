import { refundStoreContract } from "../../application/refund-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

refundStoreContract("Memory", async () => memoryWorld());
