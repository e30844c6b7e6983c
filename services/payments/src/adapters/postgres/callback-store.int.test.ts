import { callbackStoreContract } from "../../application/callback-store.contract.ts";
import { postgresWorld } from "./postgres-world.ts";

callbackStoreContract("PostgreSQL", postgresWorld);
