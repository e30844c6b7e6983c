import { timelineStoreContract } from "../../application/timeline-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

timelineStoreContract("Memory", async () => memoryWorld());
