import type { Scope } from "@oi/kernel/scope";
import { createAttemptDelivery } from "../application/attempt-delivery.ts";
import type { AttemptResult, Job } from "../application/ports.ts";
import { createReapDeliveries, type ReapDeliveries } from "../application/reap-deliveries.ts";
import type { UseCases } from "../application/use-cases.ts";
import { healthAfter, saysSomething } from "../domain/breaker.ts";
import type { Switch } from "../domain/endpoint.ts";
import {
  activeVersions,
  CHANCE,
  claimIn,
  compareDeliveries,
  demand,
  endIn,
  type Model,
  type ModelDelivery,
  type ModelEndpoint,
  newDelivery,
  newEndpoint,
  requeueIn,
  settleIn,
  workIn,
} from "./engine-model.ts";
import { answerOf, type Ending, type Step } from "./engine-steps.ts";
import { openApi } from "./memory-api.ts";
import { deliver, NO_FILTER, nextEventId, onceAt, register, type Stores, WIDE } from "./stores.ts";

const OVERLAP_SECONDS = 3_333;
const ROUNDS = 60;
const UNSEALED = { ciphertext: new Uint8Array(), nonce: new Uint8Array(), kekId: "k1" };

/** How the store's time goes: by `pass` alone, or also by itself while `pass` moves what it holds into the past. */
export type StoreClock = { readonly runsByItself: boolean; readonly slackMs: number };

type Flight = { readonly job: Job; readonly answeredAtMs: number };

/** An engine over real stores beside its model. */
type Engine = {
  readonly stores: Stores;
  readonly scope: Scope;
  readonly useCases: UseCases;
  readonly model: Model;
  readonly inFlight: Flight[];
  readonly slackMs: number;
  readonly reap: ReapDeliveries;
  attempt(flight: Flight, ending: Ending): Promise<AttemptResult>;
  /** The stopwatch of the process. */
  ownMs(): number;
  /** The store's time as if nothing had been moved. */
  now(): number;
  /** What was moved into the past so far. */
  shiftMs(): number;
  pass(ms: number): Promise<void>;
};

const pick = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(1, all.length)];
/** Whether a use case took it; a refusal changes nothing. */
const isTaken = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

async function publish({ stores, scope, model, now, slackMs }: Engine, count: number): Promise<void> {
  for (const id of await deliver(stores, scope, ...Array.from({ length: count }, () => ({})))) {
    const shown = await stores.log.byId(id, scope);
    const endpoint = model.endpoints.find((each) => each.id === shown?.endpointId);
    demand(endpoint !== undefined, "a delivery has an unknown endpoint");
    model.deliveries.set(id, newDelivery(endpoint, id, now() - slackMs));
  }
}

async function claim(engine: Engine, slots: number): Promise<void> {
  const { stores, model, inFlight, slackMs, now, ownMs } = engine;
  const claims = await stores.queue.claim({ ...WIDE, slots });
  const jobs = await stores.queue.load(claims);
  demand(jobs.length === claims.length, "a claim could not be loaded");
  for (const job of jobs) {
    const delivery = model.deliveries.get(job.deliveryId);
    demand(delivery !== undefined, "an unknown delivery was claimed");
    claimIn(model, delivery, job, { now: now(), slackMs, leaseMs: WIDE.leaseMs });
    const versions = job.secrets.map(({ version }) => version);
    const active = activeVersions(delivery.endpoint, now());
    demand(versions.length > 0 && `${versions}` === `${active}`, `signed by ${versions}, not ${active}`);
    inFlight.push({ job, answeredAtMs: ownMs() });
  }
}

async function end(engine: Engine, which: number, ending: Ending): Promise<void> {
  const { stores, model, inFlight, now, shiftMs } = engine;
  const flight = pick(inFlight, which);
  const delivery = flight && model.deliveries.get(flight.job.deliveryId);
  if (!flight || !delivery) return;
  inFlight.splice(inFlight.indexOf(flight), 1);
  const result = await engine.attempt(flight, ending);
  const before = now();
  await stores.queue.record([result]);
  const { finding, status, totalMs, endedAt, verdict } = result;
  const fact = { outcome: finding.outcome, status, totalMs, at: (endedAt ?? 0) + shiftMs() };
  if (saysSomething(finding.outcome)) settleIn(delivery.endpoint, fact);
  if (ending === "GONE") delivery.endpoint.state = "DISABLED";
  endIn(delivery, flight.job.token, verdict, before);
}

/** The reaper, the repair pass, and every job to its end. */
async function work({ stores, model, reap, now }: Engine): Promise<void> {
  const before = now();
  while ((await reap()) === "more");
  while ((await stores.queue.recover({ batch: 3, pendingLimit: 1_000 })) === "more");
  workIn(model, before);
}

async function recover(engine: Engine, endpoint: ModelEndpoint): Promise<void> {
  const { stores, scope, model, now } = engine;
  const asked = {
    endpointId: endpoint.id,
    since: null,
    until: null,
    eventTypes: [],
    scope: "FAILED",
  } as const;
  const isRunning =
    endpoint.state !== "DISABLED" &&
    (await isTaken(stores.desk.once(onceAt(scope), (desk) => desk.startRecovery(asked))));
  await work(engine);
  if (!isRunning) return;
  for (const delivery of model.deliveries.values())
    if (delivery.endpoint === endpoint && delivery.state === "PARKED") requeueIn(delivery, now());
}

async function switchOver({ useCases, scope }: Engine, endpoint: ModelEndpoint, verb: Switch): Promise<void> {
  const { pause: PAUSE, resume: RESUME, disable: DISABLE, enable } = useCases.endpoint;
  const ENABLE: typeof PAUSE = async (once, id) => (await enable(once, id, false)).endpoint;
  const after = { PAUSE: "PAUSED", RESUME: "ENABLED", DISABLE: "DISABLED", ENABLE: "ENABLED" } as const;
  const switches = { PAUSE, RESUME, DISABLE, ENABLE };
  if (!(await isTaken(switches[verb](onceAt(scope), endpoint.id)))) return;
  const url = null;
  endpoint.health = healthAfter(endpoint.health, { url, state: endpoint.state }, { url, state: after[verb] });
  endpoint.state = after[verb];
}

async function rotate({ useCases, scope, now }: Engine, { id, secrets }: ModelEndpoint): Promise<void> {
  const before = now();
  if (!(await isTaken(useCases.secrets.rotate(onceAt(scope), id, OVERLAP_SECONDS)))) return;
  for (const secret of secrets)
    secret.expiresAt = Math.min(secret.expiresAt, before + OVERLAP_SECONDS * 1_000);
  secrets.push({ version: secrets.length + 1, expiresAt: Number.POSITIVE_INFINITY, isRevoked: false });
}

async function byHand(engine: Engine, step: Extract<Step, { which: number }>): Promise<void> {
  const { model, useCases, scope, now } = engine;
  const endpoint = pick(model.endpoints, step.which);
  const delivery = pick([...model.deliveries.values()], step.which);
  if (!endpoint) return;
  if (step.do === "switch") return switchOver(engine, endpoint, step.verb);
  if (step.do === "rotate") return rotate(engine, endpoint);
  if (step.do === "recover") return recover(engine, endpoint);
  if (step.do === "revoke") {
    const secret = pick(endpoint.secrets, step.which);
    const wasActive = secret && activeVersions(endpoint, now()).includes(secret.version);
    if (secret && (await isTaken(useCases.secrets.revoke(onceAt(scope), endpoint.id, secret.version)))) {
      secret.isRevoked = true;
      const [kept] = activeVersions(endpoint, now());
      // What would have ended is the only one now.
      if (wasActive)
        for (const each of endpoint.secrets)
          if (each.version === kept) each.expiresAt = Number.POSITIVE_INFINITY;
    }
  }
  if (!delivery) return;
  const before = now();
  const { resend, cancel } = useCases.deliveries;
  if (step.do === "resend" && (await isTaken(resend(onceAt(scope), delivery.id))))
    requeueIn(delivery, before);
  if (step.do === "cancel" && (await isTaken(cancel(onceAt(scope), delivery.id))))
    delivery.state = "CANCELLED";
}

async function compare({ stores, scope, model }: Engine): Promise<void> {
  for (const endpoint of model.endpoints) {
    const shown = await stores.endpointLog.byId(endpoint.id, scope);
    // Long failure disables too; when exactly is the business of another test.
    if (shown?.disabledReason === "NO_SUCCESS_120H") endpoint.state = "DISABLED";
    const { breaker, cap } = endpoint.health;
    demand(shown?.state === endpoint.state, `endpoint is ${shown?.state}, not ${endpoint.state}`);
    demand(shown.breaker === breaker, `the breaker is ${shown.breaker}, not ${breaker}`);
    demand(shown.cap === cap, `the cap is ${shown.cap}, not ${cap}`);
  }
  compareDeliveries(model, await stores.log.list(scope, NO_FILTER, { limit: 1_000, after: null }));
}

async function rounds(engine: Engine, { count, as, ms }: Extract<Step, { do: "rounds" }>): Promise<void> {
  for (let round = 0; round < count; round++) {
    await claim(engine, 64);
    while (engine.inFlight.length > 0) await end(engine, 0, as);
    if (ms > 0) await engine.pass(ms);
    await compare(engine);
  }
}

async function take(engine: Engine, step: Step): Promise<void> {
  const { inFlight } = engine;
  if (step.do === "publish") await publish(engine, step.count);
  else if (step.do === "claim") await claim(engine, step.slots);
  else if (step.do === "end") await end(engine, step.which, step.as);
  else if (step.do === "rounds") await rounds(engine, step);
  else if (step.do === "crash") inFlight.splice(step.which % Math.max(1, inFlight.length), 1);
  else if (step.do === "work") await work(engine);
  else if (step.do === "pass") await engine.pass(step.ms);
  else await byHand(engine, step);
  await compare(engine);
}

/** Everything is well from now on: then everything ends. */
async function finish(engine: Engine): Promise<void> {
  for (const which of [0, 1])
    for (const verb of ["ENABLE", "RESUME"] as const) await take(engine, { do: "switch", which, verb });
  const isEnded = ({ state }: ModelDelivery): boolean =>
    state === "DELIVERED" || state === "CANCELLED" || state === "PARKED";
  for (let round = 0; round < ROUNDS; round++) {
    await take(engine, { do: "work" });
    await take(engine, { do: "claim", slots: 64 });
    while (engine.inFlight.length > 0) await take(engine, { do: "end", which: 0, as: "OK" });
    if ([...engine.model.deliveries.values()].every(isEnded)) return;
    await take(engine, { do: "pass", ms: 3_600_000 });
  }
  demand(false, "deliveries are left that never end");
}

async function openEngine(stores: Stores, { runsByItself, slackMs }: StoreClock): Promise<Engine> {
  const { applicationId, mode, id } = await register(stores);
  const scope = { applicationId, mode };
  const { useCases } = openApi(stores);
  const url = `https://second-${applicationId}.example/hook`;
  const settings = { url, eventTypes: [], schemaVersion: null, description: "" };
  const { endpoint } = await useCases.endpoint.create(onceAt(scope), settings);
  const started = await stores.desk.once(onceAt(scope), async (desk) => desk.now);
  const startedMs = performance.now();
  let passedMs = 0;
  const shiftMs = (): number => (runsByItself ? passedMs : 0);
  const ownMs = (): number => (runsByItself ? performance.now() - startedMs : passedMs);
  const rules = { chance: () => CHANCE, nextEventId, timeScale: 1 };
  const attemptWith = (ending: Ending) =>
    createAttemptDelivery({
      ...rules,
      sender: { send: async () => answerOf(ending) },
      stopwatch: { elapsedMs: ownMs },
      secretBox: { kekId: "k1", seal: () => UNSEALED, open: () => "whsec_x" },
      signer: { newSecret: () => "", sign: () => ({ signature: "v1,x", bodySha256: "00" }) },
    });
  return {
    stores,
    scope,
    useCases,
    model: { endpoints: [newEndpoint(id), newEndpoint(endpoint.id)], deliveries: new Map() },
    inFlight: [],
    slackMs,
    reap: createReapDeliveries({ queue: stores.queue, rules }),
    attempt: ({ job, answeredAtMs }, ending) => attemptWith(ending)(job, answeredAtMs),
    ownMs,
    shiftMs,
    now: () => started.value + ownMs() + shiftMs(),
    pass: async (ms) => {
      await stores.pass(ms);
      passedMs += ms;
    },
  };
}

/** Runs a history and then lets everything end; raises as soon as the store and its model disagree. */
export async function runHistory(stores: Stores, clock: StoreClock, history: readonly Step[]): Promise<void> {
  const engine = await openEngine(stores, clock);
  for (const step of history) await take(engine, step);
  await finish(engine);
}
