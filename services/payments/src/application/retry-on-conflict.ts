import { DomainError, VersionConflict } from "@oi/kernel/errors";

const TRIES = 5;

/** Loads and decides again when somebody else committed in between; after five tries the service is too busy. */
export async function retryOnConflict<T>(useCase: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await useCase();
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
      if (tries === TRIES) {
        throw new DomainError("SERVICE_UNAVAILABLE", "The payment is changing too fast just now.", {
          retryAfterSeconds: 1,
          cause: error,
        });
      }
    }
  }
}
