import { notFound } from "@oi/kernel/errors";
import { type Application, changeSettings, type Settings } from "../domain/application.ts";
import type { ApplicationStore, Clock } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type UpdateSettings = (
  applicationId: number,
  wanted: Partial<Settings>,
  actor?: string,
) => Promise<Application>;

/** Changes the settings that are given. Raises RESOURCE_NOT_FOUND, VALIDATION_ERROR. */
export function updateSettings({
  applications,
  clock,
}: {
  applications: ApplicationStore;
  clock: Clock;
}): UpdateSettings {
  return (applicationId, wanted, actor) =>
    retryOnConflict(async () => {
      const application = await applications.byId(applicationId);
      if (!application) throw notFound("Application");
      const now = clock.now();
      const changed = changeSettings(application, wanted, now);
      const event = { kind: "application", occurredAt: now, application: changed } as const;
      await applications.commit(changed, application.version, event, actor);
      return changed;
    });
}
