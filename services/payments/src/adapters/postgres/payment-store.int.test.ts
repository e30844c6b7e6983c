import { paymentStoreContract } from "../../application/payment-store.contract.ts";
import { postgresWorld } from "../../testing/postgres-world.ts";

paymentStoreContract("PostgreSQL", postgresWorld);
