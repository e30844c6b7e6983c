import type { Clock } from "@oi/platform/service/clock";
import type { Checkouts, CheckoutWatches, Trace } from "../../application/ports.ts";
import { type Checkout, liveId } from "../../domain/checkout.ts";

type Listener = { seenId: string; readonly tell: (checkout: Checkout) => void };

type Watch = {
  readonly reference: string;
  readonly trace: Trace;
  readonly listeners: Set<Listener>;
  /** When somebody came or something changed: what follows, follows soon. */
  stirredAt: number;
  /** When it is read next; 0 while it is being read. */
  dueAt: number;
  timer: NodeJS.Timeout | undefined;
};

const PACE = {
  /** For a minute after a payment stirred: its customer is on the way back from the gateway, or just there. */
  quickMs: 1_000,
  quickForMs: 60_000,
  calmMs: 5_000,
  /** Of all watches together; with more payments to look at, each is looked at less often. */
  readsPerSecond: 250,
} as const;

/**
 * Watches payments by reading them: one read a second for each, however many look at it. Events would tell sooner, but
 * they come some milliseconds after the commit at best, may be lost at any moment, and would give the public door a
 * login to the broker; the read says what is committed, and is needed after an event as well.
 */
export function checkoutWatches(options: {
  readonly checkouts: Checkouts;
  readonly clock: Clock;
}): CheckoutWatches {
  const { checkouts, clock } = options;
  const watches = new Map<string, Watch>();

  const pauseMs = ({ stirredAt }: Watch): number => {
    const ownMs = clock.now() - stirredAt < PACE.quickForMs ? PACE.quickMs : PACE.calmMs;
    return Math.max(ownMs, (watches.size / PACE.readsPerSecond) * 1_000);
  };
  const tellAll = (watch: Watch, checkout: Checkout): void => {
    const id = liveId(checkout);
    for (const listener of [...watch.listeners]) {
      if (listener.seenId === id) continue;
      listener.seenId = id;
      watch.stirredAt = clock.now();
      listener.tell(checkout);
    }
  };
  const look = async (watch: Watch): Promise<void> => {
    watch.dueAt = 0;
    // While payments cannot be asked nothing is known to have changed, so nothing is told; its absence shows elsewhere.
    const checkout = await checkouts.byReference(watch.reference, watch.trace).catch(() => null);
    if (checkout !== null) tellAll(watch, checkout);
    if (watch.listeners.size > 0) lookAgain(watch, checkout === null ? PACE.calmMs : pauseMs(watch));
  };
  const lookAgain = (watch: Watch, afterMs: number): void => {
    clearTimeout(watch.timer);
    watch.dueAt = clock.now() + afterMs;
    watch.timer = setTimeout(() => void look(watch), afterMs).unref();
  };
  const begin = (reference: string, trace: Trace): Watch => {
    const listeners = new Set<Listener>();
    const watch: Watch = { reference, trace, listeners, stirredAt: 0, dueAt: Infinity, timer: undefined };
    watches.set(reference, watch);
    return watch;
  };
  const leave = (watch: Watch, listener: Listener): void => {
    watch.listeners.delete(listener);
    if (watch.listeners.size > 0) return;
    clearTimeout(watch.timer);
    if (watches.get(watch.reference) === watch) watches.delete(watch.reference);
  };

  return {
    watch: (seen, trace, tell) => {
      const watch = watches.get(seen.reference) ?? begin(seen.reference, trace);
      const listener: Listener = { seenId: liveId(seen), tell };
      watch.listeners.add(listener);
      watch.stirredAt = clock.now();
      // Sooner, never later: whoever comes again and again must not keep the others waiting.
      const pause = pauseMs(watch);
      if (watch.dueAt > clock.now() + pause) lookAgain(watch, pause);
      return { [Symbol.dispose]: () => leave(watch, listener) };
    },
  };
}
