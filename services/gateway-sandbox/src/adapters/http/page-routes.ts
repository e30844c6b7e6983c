import type { CustomerAct, PlayCustomer } from "../../application/play-customer.ts";
import type { SendCallback } from "../../application/send-callback.ts";
import { describeSubject, type PreparedCallback, type World } from "../../application/world.ts";
import { CHANNELS } from "../../domain/channel.ts";
import { OUTCOMES, type Outcome } from "../../domain/outcome.ts";
import { findPart, nameRules } from "../../domain/rule-book.ts";
import { describeStatus, type Session } from "../../domain/session.ts";
import type { Fields } from "../../domain/signature.ts";
import { answerText, type Incoming, type Outgoing, readForm } from "./exchange.ts";
import { choosePageTexts, type PageTexts } from "./page-texts.ts";
import {
  CALLBACK_FAULTS,
  type InForce,
  renderChoicePage,
  renderEndedPage,
  renderEndPage,
  renderReturnPage,
} from "./pages.ts";

export type PagePorts = {
  readonly world: World;
  readonly play: PlayCustomer;
  readonly callbacks: SendCallback;
};

const PAGE_PATH = "/gwprocess/v4/gw.php";

/** What each box on the page means; a box that is not ticked leaves it to the rules. */
const WISHES: Readonly<Record<(typeof CALLBACK_FAULTS)[number], Pick<CustomerAct, "ipn" | "return">>> = {
  dropIpn: { ipn: { drop: true }, return: {} },
  dropReturn: { ipn: {}, return: { drop: true } },
  lateIpn: { ipn: { delayMs: 10_000 }, return: {} },
  repeatIpn: { ipn: { copies: 5 }, return: {} },
  forgeIpn: { ipn: { sign: "bad" }, return: {} },
};

function readWishes(form: Fields): Pick<CustomerAct, "ipn" | "return"> {
  const ticked = CALLBACK_FAULTS.filter((fault) => form[fault] !== undefined).map((fault) => WISHES[fault]);
  return {
    ipn: Object.assign({}, ...ticked.map(({ ipn }) => ipn)),
    return: Object.assign({}, ...ticked.map((wish) => wish.return)),
  };
}

function renderWithoutReturn(outcome: Outcome, texts: PageTexts): Outgoing {
  if (outcome === "leave") return renderEndPage(200, texts, texts.left);
  return renderEndPage(200, texts, outcome === "wait" ? texts.waiting : texts.lost);
}

/** The hosted page; undefined for any other address. */
export function createPageRoutes(ports: PagePorts): (incoming: Incoming) => Promise<Outgoing> | undefined {
  const { world, play, callbacks } = ports;

  const findInForce = ({ order }: Session): InForce => {
    const subject = describeSubject(order);
    const customer = findPart(world.rules, (rule) => rule.customer, subject) ?? {};
    return { names: nameRules(world.rules, subject), customer };
  };

  const choose = async (session: Session, incoming: Incoming, texts: PageTexts): Promise<Outgoing> => {
    const form = readForm(incoming);
    const channel = CHANNELS.find((word) => word === form.channel);
    const outcome = OUTCOMES.find((word) => word === form.outcome);
    const inForce = findInForce(session);
    if (channel === undefined || outcome === undefined) return renderChoicePage(400, texts, session, inForce);
    const lateMs = outcome === inForce.customer.outcome ? inForce.customer.lateMs : undefined;
    const act = { sessionKey: session.key, channel, outcome, lateMs, ...readWishes(form) };
    const callback = await new Promise<PreparedCallback | null>((resolve) => {
      void play(act, resolve).returned.then(() => resolve(null));
    });
    if (callback === null) return renderWithoutReturn(outcome, texts);
    callbacks.record(callback, "browser");
    return renderReturnPage(texts, callback);
  };

  const answer = async (incoming: Incoming): Promise<Outgoing> => {
    const texts = choosePageTexts(incoming.headers["accept-language"]);
    const session = world.sessions.get(incoming.query.get("SESSIONKEY") ?? "");
    if (session === undefined) return renderEndPage(404, texts, texts.unknown);
    if (session.ended) {
      const { names } = findInForce(session);
      return renderEndedPage(texts, describeStatus(session), names, world.returns.get(session.key) ?? null);
    }
    if (incoming.method === "POST") return choose(session, incoming, texts);
    return renderChoicePage(200, texts, session, findInForce(session));
  };

  return (incoming) => {
    if (incoming.path !== PAGE_PATH) return undefined;
    if (incoming.method !== "GET" && incoming.method !== "POST") {
      return Promise.resolve(answerText(405, "Use GET or POST."));
    }
    return answer(incoming);
  };
}
