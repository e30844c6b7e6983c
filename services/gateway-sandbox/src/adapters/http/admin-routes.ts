import { type ActAsCustomer, readActRequest } from "../../application/act-as-customer.ts";
import { type ForgeCallback, readForgeRequest } from "../../application/forge-callback.ts";
import type { LoadScenarios } from "../../application/load-scenarios.ts";
import type { Scheduler } from "../../application/ports.ts";
import type { ReportTruth } from "../../application/report-truth.ts";
import { readOutageRequest, type StartOutage } from "../../application/start-outage.ts";
import type { World } from "../../application/world.ts";
import { type Reading, readCount, readJson, readPartsOf } from "../../domain/json-reader.ts";
import { MAGIC_ROWS } from "../../domain/magic/table.ts";
import { parseRule } from "../../domain/read-rule.ts";
import {
  addRule,
  clearRules,
  countUses,
  listRules,
  type RuleEntry,
  removeRule,
} from "../../domain/rule-book.ts";
import { answerJson, type Incoming, type Outgoing } from "./exchange.ts";

export type AdminPorts = {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly truth: ReportTruth;
  readonly act: ActAsCustomer;
  readonly forge: ForgeCallback;
  readonly startOutage: StartOutage;
  readonly scenarios: LoadScenarios;
  readonly reset: () => void;
  /** Whether this caller may use the admin calls; null, or the answer that refuses. */
  readonly refuse: (incoming: Incoming) => Outgoing | null;
};

type Call = (incoming: Incoming, parameter: string) => Promise<Outgoing> | Outgoing;

const readClockRequest = readPartsOf<{ readonly advanceMs: number }>({ advanceMs: readCount });

const refuseInput = (problems: readonly string[]): Outgoing => answerJson(400, { error: problems.join(" ") });

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body === "" ? "{}" : body);
  } catch {
    return undefined;
  }
}

/** Reads the body first; what cannot be read never reaches the use case. */
function takeJson<T>(
  read: (value: unknown) => Reading<T>,
  use: (value: T, parameter: string) => Promise<Outgoing> | Outgoing,
): Call {
  return (incoming, parameter) => {
    const reading = read(parseJson(incoming.body));
    return "problems" in reading ? refuseInput(reading.problems) : use(reading.value, parameter);
  };
}

const describeRule = (entry: RuleEntry) => {
  const { id, origin, rule } = entry;
  return { id, origin, uses: countUses(entry), ...rule };
};

function createRuleCalls({ world }: AdminPorts): Record<string, Call> {
  return {
    "POST rules": takeJson(parseRule, (rule) => answerJson(201, describeRule(addRule(world.rules, rule)))),
    "GET rules": () => answerJson(200, { rules: listRules(world.rules).map(describeRule) }),
    "DELETE rules": (_, id) => {
      if (id === "") clearRules(world.rules);
      else if (!removeRule(world.rules, id))
        return answerJson(404, { error: "There is no rule with this id." });
      return answerJson(200, { rules: listRules(world.rules).map(describeRule) });
    },
    "GET magic": () => answerJson(200, { rows: MAGIC_ROWS }),
  };
}

function createScenarioCalls({ world, scenarios }: AdminPorts): Record<string, Call> {
  return {
    "GET scenarios": () => {
      const list = [...scenarios.list()].map(([name, scenario]) => ({ name, ...scenario }));
      return answerJson(200, { scenarios: list });
    },
    "POST scenarios": (_, names) => {
      const { unknown } = scenarios.load(names.split(","));
      return unknown.length === 0
        ? answerJson(201, { rules: world.rules.scenario.map(describeRule) })
        : answerJson(404, { error: `There is no scenario ${unknown.join(", ")}.` });
    },
    "DELETE scenarios": () => {
      scenarios.load([]);
      return answerJson(200, { rules: [] });
    },
  };
}

function createCustomerCalls({ act, forge }: AdminPorts): Record<string, Call> {
  return {
    "POST sessions/act": takeJson(
      (value) => readJson(readActRequest, value, "act"),
      async (request, sessionKey) => {
        const result = await act(sessionKey, request);
        if (!("refusal" in result)) return answerJson(200, result);
        return result.refusal === "unknown"
          ? answerJson(404, { error: "There is no session with this key." })
          : answerJson(409, { error: "The session has ended; `late: true` acts all the same." });
      },
    ),
    "POST callbacks": takeJson(
      (value) => readJson(readForgeRequest, value, "callback"),
      async (request) => {
        const entry = await forge(request);
        return entry === null
          ? answerJson(404, { error: "There is no session with this tranId, or nothing to send again." })
          : answerJson(200, entry);
      },
    ),
  };
}

function createTimeCalls({ scheduler, startOutage, reset }: AdminPorts): Record<string, Call> {
  return {
    "POST clock": takeJson(
      (value) => readJson(readClockRequest, value, "clock"),
      async ({ advanceMs = 0 }) => {
        const runs = await scheduler.advance(advanceMs);
        return answerJson(200, { now: scheduler.now(), runs });
      },
    ),
    "POST outage": takeJson(
      (value) => readJson(readOutageRequest, value, "outage"),
      (request) => answerJson(200, startOutage(request)),
    ),
    "POST reset": () => {
      reset();
      return answerJson(200, { reset: true });
    },
  };
}

function createReportCalls({ world, truth }: AdminPorts): Record<string, Call> {
  return {
    "GET sessions": ({ query }) => answerJson(200, { sessions: truth.sessions(query.get("tranId")) }),
    "GET charges": ({ query }) => answerJson(200, { charges: truth.charges(query.get("tranId")) }),
    "GET refunds": ({ query }) => answerJson(200, { refunds: truth.refunds(query.get("tranId")) }),
    "GET journal": ({ query }) => {
      const tranId = query.get("tranId");
      const entries = world.journal.list().filter((entry) => tranId === null || entry.tranId === tranId);
      return answerJson(200, { entries });
    },
  };
}

const ADMIN_PREFIX = "/_sandbox/";

/** `sessions/KEY/act` → the call `sessions/act` with the parameter KEY. */
function splitPath(path: string): readonly [call: string, parameter: string] {
  const [head = "", parameter = "", ...tail] = path.slice(ADMIN_PREFIX.length).split("/");
  return [[head, ...tail].join("/"), parameter];
}

/** The calls that steer the simulator and read its books; undefined for any other address. */
export function createAdminRoutes(ports: AdminPorts): (incoming: Incoming) => Promise<Outgoing> | undefined {
  const calls: Readonly<Record<string, Call>> = {
    ...createRuleCalls(ports),
    ...createScenarioCalls(ports),
    ...createCustomerCalls(ports),
    ...createTimeCalls(ports),
    ...createReportCalls(ports),
  };
  return (incoming) => {
    if (!incoming.path.startsWith(ADMIN_PREFIX)) return undefined;
    const refusal = ports.refuse(incoming);
    if (refusal !== null) return Promise.resolve(refusal);
    const [call, parameter] = splitPath(incoming.path);
    const name = `${incoming.method} ${call}`;
    const run = Object.hasOwn(calls, name) ? calls[name] : undefined;
    return Promise.resolve(
      run === undefined ? answerJson(404, { error: "There is no such call." }) : run(incoming, parameter),
    );
  };
}
