import { refundStoreContract } from "../../application/refund-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

refundStoreContract("PostgreSQL", postgresWorld);
