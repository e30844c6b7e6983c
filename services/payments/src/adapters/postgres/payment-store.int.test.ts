import { paymentStoreContract } from "../../application/payment-store.contract.ts";
import { postgresWorld } from "./postgres-world.ts";

paymentStoreContract("PostgreSQL", postgresWorld);
