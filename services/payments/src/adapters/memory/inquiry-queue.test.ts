import { inquiryQueueContract } from "../../application/inquiry-queue.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

inquiryQueueContract("Memory", async () => memoryWorld());
