import { paymentStoreContract } from "../../application/payment-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

paymentStoreContract("Memory", async () => memoryWorld());
