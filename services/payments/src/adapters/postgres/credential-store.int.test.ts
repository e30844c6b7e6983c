import { credentialStoreContract } from "../../application/credential-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

credentialStoreContract("PostgreSQL", postgresWorld);
