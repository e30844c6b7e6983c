import { reviewStoreContract } from "../../application/review-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

reviewStoreContract("PostgreSQL", postgresWorld);
