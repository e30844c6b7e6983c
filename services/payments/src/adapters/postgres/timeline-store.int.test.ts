import { timelineStoreContract } from "../../application/timeline-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

timelineStoreContract("PostgreSQL", postgresWorld);
