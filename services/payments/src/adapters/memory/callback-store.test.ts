import { callbackStoreContract } from "../../application/callback-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

callbackStoreContract("Memory", async () => memoryWorld());
