import { ConfigError } from "@oi/platform/config/env";
import { MigrationError } from "@oi/platform/postgres/migrate";
import { EXIT, StartFailure } from "../infra/start-failure.ts";

/** What a person can do about an error that ended a start; `command` is what they typed. */
export function asFailure(error: unknown, command: string): StartFailure {
  if (error instanceof StartFailure) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError) {
    const problems = error.problems.join("\n        ");
    return new StartFailure({
      exitCode: EXIT.configuration,
      what: "the configuration is not valid",
      why: problems,
      fix: "correct or unset these variables",
    });
  }
  if (error instanceof MigrationError) {
    return new StartFailure({
      exitCode: EXIT.migration,
      what: "a migration was refused",
      why,
      fix: `correct the file, or start clean: ${command} -- --reset`,
    });
  }
  return new StartFailure({
    exitCode: EXIT.notReady,
    what: "OI Payments could not start",
    why,
    fix: `see the log; ${command} -- --reset starts clean`,
  });
}
