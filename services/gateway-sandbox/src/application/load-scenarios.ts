import { addRule } from "../domain/rule-book.ts";
import type { Scenario } from "../domain/scenario.ts";
import type { World } from "./world.ts";

export type LoadScenarios = {
  /** Puts these scenarios in force, and no others; the rule of an earlier name is the stronger one. */
  load(names: readonly string[]): { readonly unknown: readonly string[] };
  /** Those of the configuration, which is wrong when one of them does not exist. */
  loadConfigured(): void;
  list(): ReadonlyMap<string, Scenario>;
};

export function createLoadScenarios(ports: {
  readonly world: World;
  readonly scenarios: ReadonlyMap<string, Scenario>;
  readonly configured: readonly string[];
}): LoadScenarios {
  const { world, scenarios, configured } = ports;
  const load: LoadScenarios["load"] = (names) => {
    const unknown = names.filter((name) => !scenarios.has(name));
    if (unknown.length > 0) return { unknown };
    world.rules.scenario.length = 0;
    for (const name of names) {
      for (const rule of scenarios.get(name)?.rules ?? []) {
        addRule(world.rules, { name, per: "payment", ...rule }, "scenario");
      }
    }
    return { unknown };
  };
  return {
    load,
    loadConfigured: () => {
      const { unknown } = load(configured);
      if (unknown.length === 0) return;
      throw new Error(`gateway-sandbox cannot start. There is no scenario ${unknown.join(", ")}.`);
    },
    list: () => scenarios,
  };
}
