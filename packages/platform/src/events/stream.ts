import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType, type StreamInfo } from "nats";

export type StreamSettings = {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly replicas: number;
  readonly maxAgeDays: number;
};

const SECOND_NS = 1_000_000_000;

/** NATS says 10059 when there is no such stream, 10014 for a consumer. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const apiError =
    "api_error" in error ? (error.api_error as { err_code?: number; code?: number }) : undefined;
  return apiError?.err_code === 10_059 || apiError?.err_code === 10_014 || apiError?.code === 404;
}

/** Finds the stream or makes it. Its owner is the relay of the service that publishes to it. */
export async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<StreamInfo> {
  try {
    return await manager.streams.info(settings.name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return manager.streams.add({
    name: settings.name,
    subjects: [...settings.subjects],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
    num_replicas: settings.replicas,
    max_age: settings.maxAgeDays * 86_400 * SECOND_NS,
    duplicate_window: 120 * SECOND_NS,
  });
}
