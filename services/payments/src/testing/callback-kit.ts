import { type Delivery, fieldsOf } from "./edge-stand-in.ts";
import type { FaultBench, PaymentView } from "./fault-bench.ts";
import { merchantRef } from "./story.ts";

/** What the gateway is asked to send: any callback, genuine or forged, without any effect on its books. */
export type CallbackWish = {
  readonly channel?: "ipn" | "return";
  readonly status?: string;
  readonly sign?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly setSigned?: Readonly<Record<string, string>>;
};

/** The callbacks about one payment that were kept and not handed over, oldest first. */
export async function keptOf(bench: FaultBench, payment: PaymentView): Promise<readonly Delivery[]> {
  return keptUnder(bench, await merchantRef(bench, payment));
}

function keptUnder({ edge }: FaultBench, ref: string): readonly Delivery[] {
  return edge.kept.filter((delivery) => fieldsOf(delivery).get("tran_id") === ref);
}

/** Has the gateway send a callback that the edge keeps, and gives it to the test. */
export async function forged(bench: FaultBench, payment: PaymentView, wish: CallbackWish): Promise<Delivery> {
  const tranId = await merchantRef(bench, payment);
  const named = wish.setSigned?.tran_id ?? tranId;
  const before = keptUnder(bench, named).length;
  await bench.gateway.call("callbacks", { tranId, ...wish });
  const delivery = keptUnder(bench, named)[before];
  if (!delivery) throw new Error("the callback did not come");
  return delivery;
}

/** Numbers from 0 to 1 that follow from a seed, so that a run can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // A linear congruential generator with the constants of Numerical Recipes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Every order of every choice of them, the empty one included. */
export function arrangements<T>(items: readonly T[]): readonly (readonly T[])[] {
  return [
    [],
    ...items.flatMap((item) =>
      arrangements(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
    ),
  ];
}
