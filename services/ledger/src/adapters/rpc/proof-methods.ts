import type { ServiceImpl } from "@connectrpc/connect";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import {
  ExportFormat,
  type LedgerService,
  type ListParkedEventsRequest,
  ListParkedEventsRequestSchema,
} from "@oi/proto/ledger/v1/ledger_service";
import type { ExportBook, ExportFormat as Format } from "../../application/export-book.ts";
import type { ParkedEvents } from "../../application/ports.ts";
import type { RetryParkedEvent } from "../../application/retry-parked-event.ts";
import type { VerifyBook } from "../../application/verify-book.ts";
import type { IntegrityBreak } from "../../domain/book-proof.ts";
import { chunked, type HashStream } from "./export-chunks.ts";
import { scopeOf } from "./messages.ts";
import { pageSize, pagesOf } from "./paging.ts";
import { parkedEventMessage } from "./read-messages.ts";

export type ProofUseCases = {
  readonly verifyBook: VerifyBook;
  readonly exportBook: ExportBook;
  readonly parkedEvents: Pick<ParkedEvents, "list">;
  readonly retryParkedEvent: RetryParkedEvent;
  readonly hashStream: () => HashStream;
  readonly pageTokens: PageTokens;
};

type Methods = Pick<
  ServiceImpl<typeof LedgerService>,
  "verifyBook" | "exportBook" | "listParkedEvents" | "retryParkedEvent"
>;

/** The request's validation made sure that it is one of the three. */
function formatOf(format: ExportFormat): Format {
  if (format === ExportFormat.HLEDGER) return "HLEDGER";
  return format === ExportFormat.BEANCOUNT ? "BEANCOUNT" : "CSV";
}

/** Progress is told no more often than this many transactions. */
const TOLD_EVERY = 10_000;

export function proofMethods(useCases: ProofUseCases): Methods {
  const waiting = pagesOf<ListParkedEventsRequest>(useCases.pageTokens, ListParkedEventsRequestSchema);
  return {
    verifyBook: async function* ({ book }) {
      let told = 0;
      for await (const step of useCases.verifyBook(scopeOf(book))) {
        if (step.step === "RESULT") {
          const { transactions, blocks, head, firstBreak } = step;
          const result = {
            ok: firstBreak === null,
            transactions: BigInt(transactions),
            blocks: BigInt(blocks),
            head,
            ...(firstBreak ? { firstBreak: breakMessage(firstBreak) } : {}),
          };
          yield { step: { case: "result", value: result } };
        } else if (step.checkedSeq - told >= TOLD_EVERY) {
          told = step.checkedSeq;
          const progress = { checkedSeq: BigInt(told), lastSeq: BigInt(step.lastSeq) };
          yield { step: { case: "progress", value: progress } };
        }
      }
    },
    exportBook: async function* ({ book, format, fromSeq, toSeq }) {
      const range = { format: formatOf(format), fromSeq: Number(fromSeq), toSeq: Number(toSeq) };
      for await (const piece of chunked(useCases.exportBook(scopeOf(book), range), useCases.hashStream())) {
        if ("chunk" in piece) yield { part: { case: "chunk", value: piece.chunk } };
        else {
          const { end, sha256, sizeBytes } = piece;
          const trailer = {
            sha256,
            sizeBytes: BigInt(sizeBytes),
            transactions: BigInt(end.transactions),
            blockNo: BigInt(end.blockNo),
            blockHash: end.blockHash,
          };
          yield { part: { case: "trailer", value: trailer } };
        }
      }
    },
    listParkedEvents: async (request) => {
      const size = pageSize(request.pageSize);
      const [after] = waiting.begin(request) ?? [];
      const found = await useCases.parkedEvents.list({ after: after ?? null, limit: size + 1 });
      const events = found.slice(0, size);
      const last = found.length > size ? events.at(-1) : undefined;
      return {
        events: events.map(parkedEventMessage),
        nextPageToken: waiting.next(request, last ? [last.event.uuid] : null),
      };
    },
    retryParkedEvent: async ({ eventUuid }) => {
      const retried = await useCases.retryParkedEvent(eventUuid.toLowerCase());
      return retried.posted ? { posted: true } : retried;
    },
  };
}

function breakMessage(found: IntegrityBreak) {
  const { blockNo, seq, leg, ...words } = found;
  return {
    ...words,
    ...(blockNo === null ? {} : { blockNo: BigInt(blockNo) }),
    ...(seq === null ? {} : { seq: BigInt(seq) }),
    ...(leg === null ? {} : { leg }),
  };
}
