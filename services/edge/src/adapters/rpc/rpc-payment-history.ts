import type { JsonObject } from "@bufbuild/protobuf";
import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import type { TimelineEntry as EntryMessage } from "@oi/proto/payments/v1/timeline";
import { exactNumber } from "@oi/proto/public/exact-number";
import { fromTimestamp } from "@oi/proto/public/time";
import type { PaymentHistory } from "../../application/timeline-ports.ts";
import type { TimelineEntry, TimelineValue } from "../../domain/timeline.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";
import { required, scopeFields } from "./request-fields.ts";

function toEntry({ id, at, kind, title, actor, status, version, refs, detail }: EntryMessage): TimelineEntry {
  const { en, bn } = required(title, "title");
  return {
    id,
    at: fromTimestamp(required(at, "at")),
    kind,
    title: { en, bn },
    actor,
    status: status ?? null,
    version: version === undefined ? null : exactNumber(version),
    // What is not known yet comes as an empty text.
    refs: Object.fromEntries(Object.entries(refs).filter(([, ref]) => ref !== "")),
    detail: plain(detail ?? {}),
  };
}

/** A JSON object of the wire is one of ours; only its type leaves more open. */
function plain(detail: JsonObject): TimelineEntry["detail"] {
  return detail as Readonly<Record<string, TimelineValue>>;
}

export function rpcPaymentHistory(transport: Transport): PaymentHistory {
  const client = rpcClient(PaymentsService, transport);
  return {
    ofPayment: async (scope, paymentId, trace) => {
      const request = { ...scopeFields(scope), paymentId: BigInt(paymentId) };
      const answer = await rpc(client.getTimeline(request, callOptions(trace, DEADLINE_MS.store)));
      return { entries: answer.entries.map(toEntry), isCut: answer.truncated };
    },
  };
}
