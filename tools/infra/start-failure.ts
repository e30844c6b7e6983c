/** Exit codes of a start that failed, one per kind of cause, so that scripts can tell them apart. */
export const EXIT = {
  node: 64,
  port: 65,
  postgres: 66,
  nats: 67,
  configuration: 68,
  migration: 69,
  notReady: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type Failure = {
  readonly exitCode: ExitCode;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
};

/** A failed start that a person can repair: printed as one block, never as a stack. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
  readonly exitCode: ExitCode;
  readonly what: string;
  readonly why: string;
  readonly fix: string;

  constructor(failure: Failure, cause?: unknown) {
    super(`${failure.what}: ${failure.why}`, { cause });
    this.exitCode = failure.exitCode;
    this.what = failure.what;
    this.why = failure.why;
    this.fix = failure.fix;
  }
}

/** The block that is printed: what happened, why, what to do. */
export function formatFailure({ what, why, fix }: Failure): string {
  const indent = (text: string): string => text.trimEnd().replaceAll("\n", "\n        ");
  return `\n  ✗ ${what}\n\n  why   ${indent(why)}\n  do    ${indent(fix)}\n`;
}

/** The last lines of a log, for the block. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
