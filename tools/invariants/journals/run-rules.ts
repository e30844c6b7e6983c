import type { Invariant, Row, World } from "../invariant.ts";
import { canaries } from "./canaries.ts";
import { answeredAndLost, lateAnswers } from "./client-rules.ts";
import { chargedTwice } from "./gateway-rules.ts";
import type { Journals } from "./journals.ts";
import { unlikeCopies } from "./sink-rules.ts";

type Rule = (world: World, journals: Journals) => AsyncIterable<Row>;

const of = (name: string, title: string, rule: Rule): Invariant => ({
  name,
  title,
  group: "journals",
  broken: async function* broken(world) {
    if (world.journals === null) yield { missing: "--journals DIR" };
    else yield* rule(world, world.journals);
  },
});

async function* touchedTraps(_: World, journals: Journals): AsyncGenerator<Row> {
  let listening = 0;
  for await (const { kind, where, at } of journals.traps()) {
    if (kind === "listening") listening += 1;
    else yield { trap: where, kind, at: new Date(at).toISOString() };
  }
  if (listening === 0) yield { missing: "a trap that listened" };
}

/** What those saw who stood outside: the client, the gateway, the receivers and the traps. */
export const RUN: readonly Invariant[] = [
  of(
    "S1",
    "what the client saw acknowledged is there, once, and was answered alike each time",
    answeredAndLost,
  ),
  of("S2", "the gateway took the money once, returned it once, and each charge is booked", chargedTwice),
  of(
    "S3",
    "each event came to each endpoint, genuine, the same bytes each time, doubled by kills alone",
    unlikeCopies,
  ),
  of("S4", "nothing came to a trap", touchedTraps),
  of("S5", "no log, table or file holds a canary", canaries),
  of(
    "S6",
    "nothing acknowledged while draining was lost, and no answer took longer than its budget",
    lateAnswers,
  ),
];
