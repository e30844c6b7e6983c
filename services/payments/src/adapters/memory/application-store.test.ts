import { applicationStoreContract } from "../../application/application-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

applicationStoreContract("Memory", async () => memoryWorld());
