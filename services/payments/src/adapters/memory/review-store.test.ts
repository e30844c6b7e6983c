import { reviewStoreContract } from "../../application/review-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

reviewStoreContract("Memory", async () => memoryWorld());
