import { applicationStoreContract } from "../../application/application-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

applicationStoreContract("PostgreSQL", postgresWorld);
