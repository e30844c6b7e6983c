import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Checked = { readonly ok: boolean; readonly output: string };

/**
 * Runs an accounting program that knows nothing of us on a journal. Rejects when it is not installed: a check that does
 * not run proves nothing.
 */
export async function runChecker(
  program: "hledger" | "bean-check" | "bean-query",
  args: (file: string) => readonly string[],
  journal: string,
): Promise<Checked> {
  const folder = await mkdtemp(join(tmpdir(), "oi-ledger-"));
  const file = join(folder, program === "hledger" ? "book.journal" : "book.beancount");
  await writeFile(file, journal);
  try {
    return await new Promise((resolve, reject) => {
      execFile(program, [...args(file)], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error && "code" in error && error.code === "ENOENT") {
          const fix = "apt-get install hledger beancount";
          reject(new Error(`${program} is not installed, and this test is worth nothing without it: ${fix}`));
        } else resolve({ ok: error === null, output: `${stdout}${stderr}` });
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
