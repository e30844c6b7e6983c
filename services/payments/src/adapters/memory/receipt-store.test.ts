import { receiptStoreContract } from "../../application/receipt-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

receiptStoreContract("Memory", async () => memoryWorld());
