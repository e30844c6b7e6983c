import { notFound } from "@oi/kernel/errors";
import { type Application, changeSettings, type Settings } from "../domain/application.ts";
import type { ApplicationStore, Clock, IdempotencyKey } from "./ports.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export type UpdateSettings = (
  applicationId: number,
  wanted: Partial<Settings>,
  actor: string,
  key?: IdempotencyKey | null,
) => Promise<Application>;

/**
 * Changes the settings that are given. A repeat of the key is answered as the first request was, so that it does not
 * undo what was changed since. Raises RESOURCE_NOT_FOUND, VALIDATION_ERROR, IDEMPOTENCY_KEY_CONFLICT.
 */
export function updateSettings({
  applications,
  clock,
}: {
  applications: ApplicationStore;
  clock: Clock;
}): UpdateSettings {
  return (applicationId, wanted, actor, key = null) =>
    retryOnConflict(async () => {
      const earlier = key && (await applications.answered(applicationId, key));
      if (earlier) return earlier;
      const current = await applications.byId(applicationId);
      if (!current) throw notFound("Application");
      const now = clock.now();
      const application = changeSettings(current, wanted, now);
      const event = { kind: "application", occurredAt: now, application } as const;
      const answer = key && { key, resourceId: application.id, resource: application };
      await applications.commit({ application, expectedVersion: current.version, event, actor, answer });
      return application;
    });
}
