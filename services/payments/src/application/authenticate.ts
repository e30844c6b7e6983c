import { credentialsRefused } from "../domain/application.ts";
import type { ApplicationStore, CredentialVault, FoundCredential } from "./ports.ts";

export type Authenticate = (apiKey: string, apiSecret: string) => Promise<FoundCredential>;

/** Says whose credential this is. Any mistake costs the same work and raises the same UNAUTHORIZED. */
export function authenticate(ports: {
  applications: ApplicationStore;
  vault: CredentialVault;
}): Authenticate {
  return async (apiKey, apiSecret) => {
    const found = await ports.applications.credentialByDigest(ports.vault.digestOf(apiKey));
    if (!ports.vault.matches(found, apiSecret) || !found) throw credentialsRefused();
    return found;
  };
}
