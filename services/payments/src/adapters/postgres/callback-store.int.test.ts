import { callbackStoreContract } from "../../application/callback-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

callbackStoreContract("PostgreSQL", postgresWorld);
