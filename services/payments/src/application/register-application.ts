import {
  type Application,
  checkSettings,
  DEFAULT_SETTINGS,
  type IssuedCredential,
  type Settings,
} from "../domain/application.ts";
import type { ApplicationStore, CredentialVault, RegistrationRequest } from "./ports.ts";

export type RegisterApplication = (
  wish: Pick<Settings, "name" | "webhookUrl">,
  request: RegistrationRequest,
) => Promise<{
  readonly application: Application;
  readonly credentials: readonly (IssuedCredential & { readonly id: number })[];
  readonly replayed: boolean;
}>;

/** Registers an application with one TEST and one LIVE credential; their secrets exist only in this answer. */
export function registerApplication(ports: {
  applications: ApplicationStore;
  vault: CredentialVault;
}): RegisterApplication {
  return async (wish, request) => {
    const settings: Settings = { ...DEFAULT_SETTINGS, ...wish };
    checkSettings(settings);
    const issued = (["TEST", "LIVE"] as const).map((mode) => ({ mode, ...ports.vault.issue(mode) }));
    const stored = await ports.applications.register(
      settings,
      issued.map(({ credential }) => credential),
      request,
    );
    const credentials = stored.credentialIds.flatMap((id, i) => {
      const one = issued[i];
      return one ? [{ id, mode: one.mode, apiKey: one.apiKey, apiSecret: one.apiSecret }] : [];
    });
    return {
      application: stored.application,
      replayed: stored.replayed,
      credentials: stored.replayed ? [] : credentials,
    };
  };
}
