import { inquiryQueueContract } from "../../application/inquiry-queue.contract.ts";
import { postgresWorld } from "./postgres-world.ts";

inquiryQueueContract("PostgreSQL", postgresWorld);
