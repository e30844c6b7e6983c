import type { Scope } from "@oi/kernel/scope";
import type { ExportBook, ExportFormat } from "../application/export-book.ts";
import type { VerifyBook, VerifyStep } from "../application/verify-book.ts";

/** The last step of a verification. */
export async function verified(
  verify: VerifyBook,
  scope: Scope,
): Promise<Extract<VerifyStep, { readonly step: "RESULT" }>> {
  for await (const step of verify(scope)) if (step.step === "RESULT") return step;
  throw new Error("a verification ends with a result");
}

/** The whole text of an export. */
export async function exported(
  exportTo: ExportBook,
  scope: Scope,
  format: ExportFormat,
  range = { fromSeq: 0, toSeq: 0 },
): Promise<string> {
  let text = "";
  for await (const step of exportTo(scope, { format, ...range })) if (step.step === "TEXT") text += step.text;
  return text;
}
