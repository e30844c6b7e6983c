/** Where and how a process is to fail: `name[:nth][:kill|throw|stall=ms]`. */
export type Failpoint = {
  readonly name: string;
  /** At which passage, from 1. */
  readonly nth: number;
  readonly action:
    | { readonly kind: "kill" }
    | { readonly kind: "throw" }
    | { readonly kind: "stall"; readonly ms: number };
};

const PATTERN = /^([a-z_]+(?:\.[a-z_]+)+)(?::([1-9]\d{0,6}))?(?::(kill|throw|stall=(\d{1,7})))?$/;

/** Null for text that is no failpoint. */
export function parseFailpoint(text: string): Failpoint | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, name = "", nth = "1", how = "kill", ms = "0"] = match;
  const action =
    how === "kill" || how === "throw"
      ? ({ kind: how } as const)
      : ({ kind: "stall", ms: Number(ms) } as const);
  return { name, nth: Number(nth), action };
}

let armed: Failpoint | null = null;
let passages = 0;
const NOTHING = Promise.resolve();

/** Arms one failpoint for this process, or none. */
export function armFailpoint(failpoint: Failpoint | null): void {
  armed = failpoint;
  passages = 0;
}

/** A place where a test may end, break or delay this process. It does nothing unless it is the armed one. */
export function failpoint(name: string): Promise<void> {
  if (armed?.name !== name) return NOTHING;
  passages += 1;
  if (passages !== armed.nth) return NOTHING;
  const { action } = armed;
  if (action.kind === "throw") return Promise.reject(new Error(`failpoint ${name}`));
  if (action.kind === "stall") return new Promise((resolve) => setTimeout(resolve, action.ms));
  process.kill(process.pid, "SIGKILL");
  // The signal comes at once, yet what follows must not run before it does.
  return new Promise(() => {});
}
