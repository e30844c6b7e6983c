import { judge } from "../domain/attempt.ts";
import { saysSomething } from "../domain/breaker.ts";
import type { Finding } from "../domain/classify.ts";
import { type Incident, incidentOf } from "../domain/incident.ts";
import { maskAnswer } from "../domain/mask.ts";
import type { DeliveryParked, Notice } from "../domain/notice.ts";
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
  ReportedIncident,
  SecretBox,
  Stopwatch,
  WebhookSender,
  WebhookSigner,
} from "./ports.ts";

const LOCAL: Finding = { outcome: "LOCAL", error: "LOCAL" };

/** What an attempt that was never sent leaves in the log. */
export const UNSENT = {
  status: null,
  startedAt: null,
  endedAt: null,
  ttfbMs: null,
  totalMs: null,
  signedAtSeconds: null,
  secretVersions: [],
  signature: null,
  bodySha256: null,
  remoteAddress: null,
  dnsMs: null,
  responseHead: null,
  incident: null,
} as const;

const NO_ANSWER: Answer = {
  finding: LOCAL,
  status: null,
  retryAfter: null,
  ttfbMs: null,
  totalMs: 0,
  dnsMs: null,
  remoteAddress: null,
  responseHead: null,
};

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
  const { tries, deliveryId, endpointId, applicationId, mode, eventId, kind } = claim;
  const { outcome } = finding;
  const isTest = kind === "TEST";
  const verdict = judge({ outcome, tries, retryAfterMs, chance: chance(), timeScale, isTest });
  if (verdict.kind !== "PARKED" || isTest) return { finding, verdict, retryAfterMs, notice: null };
  const notice: DeliveryParked = {
    kind: "DELIVERY_PARKED",
    id: nextEventId(now),
    deliveryId,
    endpointId,
    applicationId,
    mode,
    eventId,
    lastError: finding.error ?? "",
    occurredAt: now,
  };
  return { finding, verdict, retryAfterMs, notice };
}

/** A claim that is given back unsent: it costs no try and is due again at once. */
export function giveBack(claim: Claim, endpointId: number): AttemptResult {
  return {
    ...UNSENT,
    claim,
    endpointId,
    finding: LOCAL,
    verdict: { kind: "RETRY", delayMs: 0, isFree: true },
    retryAfterMs: null,
    notice: null,
  };
}

function toldOf(incident: Incident, job: Job, lastError: string, now: number, rules: Rules): Notice {
  const { endpointId, applicationId, mode } = job;
  const about = { id: rules.nextEventId(now), endpointId, applicationId, mode, occurredAt: now };
  return incident.kind === "DISABLE"
    ? { ...about, kind: "ENDPOINT_DISABLED", reason: incident.reason }
    : {
        ...about,
        kind: "ENDPOINT_FAILING",
        failingSince: incident.since,
        hours: incident.hours,
        lastError,
      };
}

function reportOf(job: Job, answer: Answer, at: number, rules: Rules): ReportedIncident | null {
  const { outcome, error } = answer.finding;
  if (outcome === "OK" || !saysSomething(outcome)) return null;
  const incident = incidentOf({ status: answer.status, at }, job.health, rules.timeScale);
  return incident && { incident, notice: toldOf(incident, job, error ?? "", at, rules) };
}

export type AttemptDelivery = (job: Job, answeredAtMs: number) => Promise<AttemptResult>;

type Ports = Rules & {
  readonly sender: WebhookSender;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
  readonly stopwatch: Stopwatch;
};

type Signed = { readonly signature: string; readonly bodySha256: string };

/**
 * Sends one delivery once. Time is the moment the database leased it plus what the stopwatch ran since `answeredAtMs`,
 * so a wall clock that jumps moves neither the signature's time nor the schedule.
 */
export function createAttemptDelivery(ports: Ports): AttemptDelivery {
  const { sender, secretBox, signer, stopwatch } = ports;
  const sign = (job: Job, timestampSeconds: number): Signed => {
    const secrets = job.secrets.map((sealed) =>
      secretBox.open(sealed, { endpointId: job.endpointId, version: sealed.version, algorithm: "v1" }),
    );
    return signer.sign({ eventId: job.eventId, timestampSeconds, body: job.body, secrets });
  };
  const trySign = (job: Job, timestampSeconds: number): Signed | null => {
    // What nobody can verify is not sent.
    if (job.secrets.length === 0) return null;
    try {
      return sign(job, timestampSeconds);
    } catch {
      // A secret that does not open is our own fault: it costs no try and waits for us.
      return null;
    }
  };
  return async (job, answeredAtMs) => {
    const now = (): number => Math.floor(job.claimedAtMs + stopwatch.elapsedMs() - answeredAtMs);
    const startedAt = now();
    const signedAtSeconds = Math.floor(startedAt / 1_000);
    const signed = trySign(job, signedAtSeconds);
    const { eventId, url, body } = job;
    const headers = signed && requestHeaders({ eventId, timestampSeconds: signedAtSeconds, ...signed });
    const answer = headers ? await sender.send({ url, body, headers }) : NO_ANSWER;
    const endedAt = Math.max(startedAt, now());
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
      signature: signed?.signature ?? null,
      bodySha256: signed?.bodySha256 ?? null,
      remoteAddress: answer.remoteAddress,
      dnsMs: answer.dnsMs,
      responseHead: answer.responseHead === null ? null : maskAnswer(answer.responseHead),
      incident: reportOf(job, answer, endedAt, ports),
    };
  };
}
