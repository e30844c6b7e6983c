import { inquiryQueueContract } from "../../application/inquiry-queue.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

inquiryQueueContract("PostgreSQL", postgresWorld);
