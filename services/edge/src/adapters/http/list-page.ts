import { invalid } from "@oi/kernel/errors";
import { LIST_DEPTH } from "../../domain/payment.ts";

/** The page that a query asks for; the texts are judged already. Raises VALIDATION_ERROR when it lies too deep. */
export function readPage(query: { readonly page?: string | undefined; readonly size?: string | undefined }): {
  readonly page: number;
  readonly size: number;
} {
  const page = Number(query.page ?? 0);
  const size = Number(query.size ?? 20);
  if ((page + 1) * size > LIST_DEPTH)
    throw invalid({ page: `(page + 1) × size must be at most ${LIST_DEPTH}` });
  return { page, size };
}
