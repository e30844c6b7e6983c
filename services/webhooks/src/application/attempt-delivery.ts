import { judge } from "../domain/attempt.ts";
import type { Finding } from "../domain/classify.ts";
import type { DeliveryParked } from "../domain/parked.ts";
import { requestHeaders } from "../domain/request-headers.ts";
import { parseRetryAfter } from "../domain/retry-after.ts";
import type {
  Address,
  Answer,
  AttemptResult,
  Chance,
  Claim,
  Job,
  NextEventId,
  SecretBox,
  Stopwatch,
  WebhookSender,
  WebhookSigner,
} from "./ports.ts";

const LOCAL: Finding = { outcome: "LOCAL", error: "LOCAL" };

/** What every verdict needs besides the attempt itself. */
export type Rules = {
  readonly chance: Chance;
  readonly nextEventId: NextEventId;
  readonly timeScale: number;
};

type Closing = {
  readonly finding: Finding;
  readonly retryAfterMs: number | null;
  readonly now: number;
};

/** Judges an attempt and, when that gives the delivery up, tells of it. */
export function closeAttempt(
  claim: Claim & Address,
  { finding, retryAfterMs, now }: Closing,
  { chance, nextEventId, timeScale }: Rules,
): Pick<AttemptResult, "finding" | "verdict" | "notice" | "retryAfterMs"> {
  const { tries, deliveryId, endpointId, applicationId, mode, eventId } = claim;
  const verdict = judge({ outcome: finding.outcome, tries, retryAfterMs, chance: chance(), timeScale });
  const notice: DeliveryParked = {
    id: nextEventId(now),
    deliveryId,
    endpointId,
    applicationId,
    mode,
    eventId,
    lastError: finding.error ?? "",
    occurredAt: now,
  };
  return { finding, verdict, retryAfterMs, notice: verdict.kind === "PARKED" ? notice : null };
}

/** A claim that is given back unsent: it costs no try and is due again at once. */
export function giveBack(claim: Claim, endpointId: number): AttemptResult {
  return {
    claim,
    endpointId,
    finding: LOCAL,
    verdict: { kind: "RETRY", delayMs: 0, isFree: true },
    status: null,
    startedAt: null,
    endedAt: null,
    ttfbMs: null,
    totalMs: null,
    retryAfterMs: null,
    signedAtSeconds: null,
    secretVersions: [],
    notice: null,
  };
}

export type AttemptDelivery = (job: Job, answeredAtMs: number) => Promise<AttemptResult>;

type Ports = Rules & {
  readonly sender: WebhookSender;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
  readonly stopwatch: Stopwatch;
};

/**
 * Sends one delivery once. Time is the moment the database leased it plus what the stopwatch ran since `answeredAtMs`,
 * so a wall clock that jumps moves neither the signature's time nor the schedule.
 */
export function createAttemptDelivery(ports: Ports): AttemptDelivery {
  const { sender, secretBox, signer, stopwatch } = ports;
  const sendSigned = async (job: Job, timestampSeconds: number): Promise<Answer> => {
    const secrets = job.secrets.map((sealed) =>
      secretBox.open(sealed, { endpointId: job.endpointId, version: sealed.version, algorithm: "v1" }),
    );
    const { eventId, body, url } = job;
    const signature = signer.sign({ eventId, timestampSeconds, body, secrets });
    return sender.send({ url, body, headers: requestHeaders({ eventId, timestampSeconds, signature }) });
  };
  return async (job, answeredAtMs) => {
    const now = (): number => Math.floor(job.claimedAtMs + stopwatch.elapsedMs() - answeredAtMs);
    const startedAt = now();
    const signedAtSeconds = Math.floor(startedAt / 1_000);
    // A secret that does not open is our own fault: it costs no try and waits for us.
    const answer: Answer = await sendSigned(job, signedAtSeconds).catch(() => ({
      finding: LOCAL,
      status: null,
      retryAfter: null,
      ttfbMs: null,
      totalMs: 0,
    }));
    const endedAt = now();
    const retryAfterMs = parseRetryAfter(answer.retryAfter, endedAt);
    return {
      claim: job,
      endpointId: job.endpointId,
      ...closeAttempt(job, { finding: answer.finding, retryAfterMs, now: endedAt }, ports),
      status: answer.status,
      startedAt,
      endedAt,
      ttfbMs: answer.ttfbMs,
      totalMs: answer.totalMs,
      signedAtSeconds,
      secretVersions: job.secrets.map((secret) => secret.version),
    };
  };
}
