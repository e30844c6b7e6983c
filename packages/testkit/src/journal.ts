import { closeSync, openSync, writeSync } from "node:fs";

/** An append-only file of JSON lines: what somebody saw, kept apart from the code that is judged by it. */
export type Journal<T> = Disposable & {
  /** Handed to the system when this returns, so that a crash of the writer loses nothing. */
  write(entry: T): void;
};

export function openJournal<T extends object>(file: string): Journal<T> {
  const target = openSync(file, "a", 0o600);
  return {
    write: (entry) => {
      writeSync(target, `${JSON.stringify(entry)}\n`);
    },
    [Symbol.dispose]: () => closeSync(target),
  };
}
