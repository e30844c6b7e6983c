import { credentialStoreContract } from "../../application/credential-store.contract.ts";
import { memoryWorld } from "../../testing/memory-world.ts";

credentialStoreContract("Memory", async () => memoryWorld());
