import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Status } from "@oi/proto/google/rpc/status";
import { ERROR_MAP } from "./error-map.ts";
import { toConnectError, toStatus } from "./errors.ts";
import { CALL_LOG } from "./gate.ts";
import { refusalOf } from "./refusal.ts";
import { validateMessage } from "./validate.ts";

export type ItemOutcome<T> = { readonly answer: T } | { readonly refused: Status };

/**
 * Handles the items of one call side by side, each as if it had come alone: checked by its own rules, answered or
 * refused for itself. The outcomes are in the order of the items. What is wrong on our side is logged here, because the
 * call as a whole succeeds.
 */
export function handleItems<S extends DescMessage, T>(
  schema: S,
  items: readonly MessageShape<S>[],
  context: HandlerContext,
  handle: (item: MessageShape<S>) => Promise<T>,
): Promise<ItemOutcome<T>[]> {
  const log = context.values.get(CALL_LOG);
  const one = async (item: MessageShape<S>, index: number): Promise<ItemOutcome<T>> => {
    try {
      validateMessage(schema, item);
      return { answer: await handle(item) };
    } catch (error) {
      const refusal = refusalOf(error, context.signal);
      const line = { rpc: context.method.name, item: index, outcome: refusal.reason };
      if (ERROR_MAP[refusal.reason].http >= 500)
        log?.error({ ...line, err: refusal.cause ?? refusal }, "item failed");
      return { refused: toStatus(toConnectError(refusal)) };
    }
  };
  return Promise.all(items.map(one));
}
