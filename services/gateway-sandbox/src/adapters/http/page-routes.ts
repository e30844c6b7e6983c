import type { PlayCustomer } from "../../application/play-customer.ts";
import type { SendCallback } from "../../application/send-callback.ts";
import { describeSubject, type PreparedCallback, type World } from "../../application/world.ts";
import { CHANNELS } from "../../domain/channel.ts";
import { OUTCOMES, type Outcome } from "../../domain/outcome.ts";
import { nameRules } from "../../domain/rule-book.ts";
import { describeStatus, type Session } from "../../domain/session.ts";
import { answerText, type Incoming, type Outgoing, readForm } from "./exchange.ts";
import { choosePageTexts, type PageTexts } from "./page-texts.ts";
import { renderChoicePage, renderEndPage, renderReturnPage } from "./pages.ts";

export type PagePorts = {
  readonly world: World;
  readonly play: PlayCustomer;
  readonly callbacks: SendCallback;
};

const PAGE_PATH = "/gwprocess/v4/gw.php";

function renderWithoutReturn(outcome: Outcome, texts: PageTexts): Outgoing {
  if (outcome === "leave") return renderEndPage(200, texts, texts.left);
  return renderEndPage(200, texts, outcome === "wait" ? texts.waiting : texts.lost);
}

/** The hosted page; undefined for any other address. */
export function createPageRoutes(ports: PagePorts): (incoming: Incoming) => Promise<Outgoing> | undefined {
  const { world, play, callbacks } = ports;

  const choose = async (session: Session, incoming: Incoming, texts: PageTexts): Promise<Outgoing> => {
    const form = readForm(incoming);
    const channel = CHANNELS.find((word) => word === form.channel);
    const outcome = OUTCOMES.find((word) => word === form.outcome);
    if (channel === undefined || outcome === undefined) {
      return renderChoicePage(400, texts, session, nameRules(world.rules, describeSubject(session.order)));
    }
    const act = {
      sessionKey: session.key,
      channel,
      outcome,
      dropIpn: form.dropIpn !== undefined,
      dropReturn: form.dropReturn !== undefined,
    };
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
    if (session.ended) return renderEndPage(410, texts, texts.ended, describeStatus(session));
    if (incoming.method === "POST") return choose(session, incoming, texts);
    return renderChoicePage(200, texts, session, nameRules(world.rules, describeSubject(session.order)));
  };

  return (incoming) => {
    if (incoming.path !== PAGE_PATH) return undefined;
    if (incoming.method !== "GET" && incoming.method !== "POST") {
      return Promise.resolve(answerText(405, "Use GET or POST."));
    }
    return answer(incoming);
  };
}
