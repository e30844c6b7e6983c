import type { ChooseFault, Fault } from "../../application/choose-fault.ts";
import type { Journal, RequestEntry } from "../../application/journal.ts";
import type { Answer, Clock, Operate } from "../../application/ports.ts";
import type { Operation, ReplyPart } from "../../domain/rule.ts";
import type { Fields } from "../../domain/signature.ts";
import { answerText, type Incoming, type Outgoing, readForm } from "./exchange.ts";
import { renderOutage, renderReply } from "./reply.ts";

export type GatewayPorts = {
  readonly operations: Readonly<Record<Operation, Operate>>;
  readonly chooseFault: ChooseFault;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly waitFor: (ms: number) => Promise<void>;
  /** Before a session's answer leaves; the answer waits for it. */
  readonly customerHurries: (sessionKey: string) => Promise<void>;
  /** After it has left. */
  readonly customerArrives: (sessionKey: string) => void;
};

const SESSION_PATH = "/gwprocess/v4/api.php";
const VALIDATION_PATH = "/validator/api/validationserverAPI.php";
const TRANSACTION_PATH = "/validator/api/merchantTransIDvalidationAPI.php";

/** One address serves three operations; which one is told only by the parameters, looked at in this order. */
function chooseTransactionOperation(fields: Fields): Operation {
  if (fields.refund_amount !== undefined || fields.bank_tran_id !== undefined) return "refund";
  return fields.refund_ref_id !== undefined ? "refundStatus" : "query";
}

function recognise(incoming: Incoming): { op: Operation; fields: Fields; method: string } | null {
  const { path } = incoming;
  if (path === SESSION_PATH) return { op: "session", fields: readForm(incoming), method: "POST" };
  const fields = Object.fromEntries(incoming.query);
  if (path === VALIDATION_PATH) return { op: "validate", fields, method: "GET" };
  if (path === TRANSACTION_PATH) return { op: chooseTransactionOperation(fields), fields, method: "GET" };
  return null;
}

function describeFault(fault: Fault): string | null {
  if (fault.kind === "none") return null;
  return fault.kind === "outage" ? `outage ${fault.mode}` : fault.ruleName;
}

/** The decisive word of an answer, wherever the operation puts it. */
function readStatusWord({ body }: Answer): string {
  const element: unknown = Array.isArray(body.element) ? body.element.at(-1) : undefined;
  const { status } = (element ?? body) as { status?: unknown };
  return typeof status === "string" ? status : String(body.APIConnect ?? "");
}

/** Nobody can pay on a page whose address nobody can read. */
function leadsToThePage({ status = 200, body = "normal", set = {} }: ReplyPart): boolean {
  const isReadable = status === 200 && (body === "normal" || body === "drip" || body === "huge");
  return isReadable && set.GatewayPageURL === undefined && set.status === undefined;
}

function omitPassword({ store_passwd: _, ...others }: Fields): Fields {
  return others;
}

/** The protocol's own addresses; undefined for any other. */
export function createGatewayRoutes(
  ports: GatewayPorts,
): (incoming: Incoming) => Promise<Outgoing | null> | undefined {
  const { operations, chooseFault, journal, clock, waitFor, customerHurries, customerArrives } = ports;

  const perform = async (
    op: Operation,
    fields: Fields,
    fault: Fault,
    entry: RequestEntry,
  ): Promise<Outgoing | null> => {
    if (fault.kind === "outage") {
      if (fault.mode === "hang") await waitFor(fault.remainingMs);
      return renderOutage(fault.mode, fault.remainingMs);
    }
    const part = fault.kind === "reply" ? fault.part : {};
    if (part.cut === "before") return null;
    const answer = operations[op](fields, part.blind);
    entry.answer = readStatusWord(answer);
    await waitFor(part.delayMs ?? 0);
    if (part.cut === "after") return null;
    const { openedKey } = answer;
    const outgoing = renderReply(answer.body, part);
    if (openedKey === undefined || !leadsToThePage(part)) return outgoing;
    await customerHurries(openedKey);
    return { ...outgoing, onSent: () => customerArrives(openedKey) };
  };

  const answer = async (op: Operation, fields: Fields, incoming: Incoming): Promise<Outgoing | null> => {
    const { fault, tranId } = chooseFault(op, fields);
    const entry = journal.add<RequestEntry>(clock.now(), {
      kind: "request",
      op,
      method: incoming.method,
      path: incoming.path,
      tranId,
      params: omitPassword(fields),
      fault: describeFault(fault),
      httpStatus: null,
      answer: null,
    });
    const outgoing = await perform(op, fields, fault, entry);
    entry.httpStatus = outgoing?.status ?? null;
    return outgoing;
  };

  return (incoming) => {
    const call = recognise(incoming);
    if (call === null) return undefined;
    if (incoming.method !== call.method) return Promise.resolve(answerText(405, `Use ${call.method}.`));
    return answer(call.op, call.fields, incoming);
  };
}
