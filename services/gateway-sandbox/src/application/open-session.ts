import { parseRate } from "../domain/money.ts";
import type { References } from "../domain/references.ts";
import { findPolicy } from "../domain/rule-book.ts";
import { openSession, type Session } from "../domain/session.ts";
import { CREDENTIAL_TEXT, type Rates, readOrder } from "../domain/session-request.ts";
import { isStore } from "./check-store.ts";
import type { Answer, Operate, Scheduler, Stores } from "./ports.ts";
import { describeSubject, findSessionsByTranId, putSession, type World } from "./world.ts";

export type OpenSessionPorts = {
  readonly world: World;
  readonly stores: Stores;
  readonly rates: Rates;
  readonly references: References;
  readonly scheduler: Scheduler;
  readonly lifetimeMs: number;
  readonly duplicateTranId: "reject" | "parallel";
  readonly publicUrl: string;
  readonly expire: (sessionKey: string) => void;
};

const CARDS = "city_visa,dbbl_visa,ebl_visa,sbl_visa";

function refuse(failedreason: string): Answer {
  return { body: { status: "FAILED", failedreason, sessionkey: "", GatewayPageURL: "" } };
}

/** The whole answer of the gateway; merchants use `status`, `failedreason`, `sessionkey` and `GatewayPageURL`. */
function describeOpened({ key, order }: Session, publicUrl: string): Answer {
  const page = `${publicUrl}/gwprocess/v4/gw.php?Q=PAY&SESSIONKEY=${key}`;
  return {
    openedKey: key,
    body: {
      status: "SUCCESS",
      failedreason: "",
      sessionkey: key,
      gw: {
        visa: CARDS,
        master: CARDS.replaceAll("visa", "master"),
        amex: "city_amex",
        othercards: "qcash,dbbl_nexus",
        internetbanking: "city,bankasia,ibbl,mtbl",
        mobilebanking: "dbblmobilebanking,bkash,nagad,abbank,ibbl,tapnpay",
      },
      redirectGatewayURL: `${page}&cardname=`,
      directPaymentURLBank: "",
      directPaymentURLCard: "",
      directPaymentURL: "",
      redirectGatewayURLFailed: "",
      GatewayPageURL: page,
      storeBanner: "",
      storeLogo: "",
      store_name: order.storeId,
      desc: [
        {
          name: "VISA",
          type: "visa",
          logo: "",
          gw: "visacard",
          r_flag: "1",
          redirectGatewayURL: `${page}&cardname=visacard`,
        },
      ],
      is_direct_pay_enable: "0",
    },
  };
}

/** BDT itself has no rate that could change. */
function changeRate(rates: Rates, currency: string, text: string | undefined): Rates {
  const rate = text === undefined || currency === "BDT" ? null : parseRate(text);
  return rate === null ? rates : { ...rates, [currency]: rate };
}

/** Opens a session. A refusal is HTTP 200 with `status` FAILED and a text, as everything at this gateway. */
export function createOpenSession(ports: OpenSessionPorts): Operate {
  const { world, stores, rates, references, scheduler, lifetimeMs, duplicateTranId, publicUrl, expire } =
    ports;
  return (fields, isBlind = false) => {
    if (isBlind || !isStore(stores, fields)) return refuse(CREDENTIAL_TEXT);
    const asked = readOrder(fields, rates);
    if (typeof asked === "string") return refuse(asked);
    const policy = findPolicy(world.rules, describeSubject(asked));
    const order = readOrder(fields, changeRate(rates, asked.currency, policy.rate));
    if (typeof order === "string") return refuse(order);
    const isUsed = findSessionsByTranId(world, order.tranId).some((s) => s.order.storeId === order.storeId);
    if (isUsed && (policy.duplicateTranId ?? duplicateTranId) === "reject")
      return refuse("Invalid Information! 'tran_id' was already used.");
    const lastsMs = policy.sessionLifetimeMs ?? lifetimeMs;
    const placed = { ...order, tranDateSkewMs: policy.tranDateSkewMs ?? 0 };
    const session = openSession(references.sessionKey(), placed, scheduler.now(), lastsMs);
    putSession(world, session);
    void scheduler.schedule(lastsMs, () => expire(session.key));
    return describeOpened(session, publicUrl);
  };
}
