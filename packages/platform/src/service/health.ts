/** A finding of a check whose words may be shown to whoever asks; other errors may hold addresses and secrets. */
export class NotReady extends Error {
  override readonly name = "NotReady";
}

export type HealthCheck = {
  readonly name: string;
  /** Rejects when the dependency cannot be used; with {@link NotReady} when it says why. */
  readonly check: () => Promise<unknown>;
};

export type Readiness = { readonly ready: boolean; readonly problems: readonly string[] };

/** Ready = accepting, and every dependency that the service cannot answer without is reachable. */
export class Health {
  readonly #checks: readonly HealthCheck[];
  readonly #running = new Map<HealthCheck, Promise<unknown>>();
  #draining = false;

  constructor(checks: readonly HealthCheck[]) {
    this.#checks = checks;
  }

  drain(): void {
    this.#draining = true;
  }

  async readiness(): Promise<Readiness> {
    if (this.#draining) return DRAINING;
    const results = await Promise.allSettled(this.#checks.map((check) => withLimit(this.#begin(check))));
    if (this.#draining) return DRAINING;
    const problems = results.flatMap((result, i) =>
      result.status === "rejected" ? [problemOf(result.reason, this.#checks[i]?.name)] : [],
    );
    return { ready: problems.length === 0, problems };
  }

  /** A check that still hangs is waited for again, not started again: probes must not pile up behind a sick peer. */
  #begin(check: HealthCheck): Promise<unknown> {
    const hanging = this.#running.get(check);
    if (hanging) return hanging;
    const running = Promise.try(check.check).finally(() => this.#running.delete(check));
    this.#running.set(check, running);
    return running;
  }
}

function problemOf(reason: unknown, name: string | undefined): string {
  return reason instanceof NotReady ? reason.message : `${name} cannot be reached`;
}

const DRAINING: Readiness = { ready: false, problems: ["draining"] };
const CHECK_LIMIT_MS = 1_000;

async function withLimit(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("health check took too long")), CHECK_LIMIT_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
