import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseScenario, type Scenario } from "../../domain/scenario.ts";

const FOLDER = new URL("../../../scenarios/", import.meta.url);

/** Every scenario by its name. All are read at the start, so that a broken file is noticed by its author. */
export function readScenarioFiles(folder: URL = FOLDER): ReadonlyMap<string, Scenario> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort();
  return new Map(
    files.map((file) => {
      const reading = parseScenario(JSON.parse(readFileSync(new URL(file, folder), "utf8")), file);
      if ("problems" in reading) throw new Error(`A scenario cannot be read. ${reading.problems.join(" ")}`);
      return [basename(file, ".json"), reading.value] as const;
    }),
  );
}
