import type { Env } from "./nats-binary.ts";

export type StepName = "postgresql" | "nats";
export type StepState = "started" | "waiting" | "done" | "failed";

/** `detail` says what is waited for, what came of it, or why it failed. */
export type OnStep = (name: StepName, state: StepState, detail: string) => void;

/** What each step of the infrastructure needs. */
export type StepSettings = {
  /** The home, or the folder inside it that an ephemeral start made for itself. */
  readonly folder: string;
  readonly env: Env;
  readonly isEphemeral: boolean;
  readonly flags: "durable" | "fast";
  readonly onWait: (what: string) => void;
  /** A server of ours ended although nobody stopped it, or came back. */
  readonly onServer?: ((name: StepName, state: "ended" | "returned") => void) | undefined;
};

/** Reports the life of one step, and passes its result or its failure on. */
export async function reportStep<T extends { readonly description: string }>(
  name: StepName,
  onStep: OnStep | undefined,
  run: (onWait: (what: string) => void) => Promise<T>,
): Promise<T> {
  onStep?.(name, "started", "");
  try {
    const result = await run((what) => onStep?.(name, "waiting", what));
    onStep?.(name, "done", result.description);
    return result;
  } catch (error) {
    onStep?.(name, "failed", (error as Error).message);
    throw error;
  }
}
