import { receiptStoreContract } from "../../application/receipt-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

receiptStoreContract("PostgreSQL", postgresWorld);
