import type { DescMessage, Message } from "@bufbuild/protobuf";
import { invalid } from "@oi/kernel/errors";
import type { PageTokens } from "@oi/platform/rpc/page-token";

/** A request for a page of a list whose pages are counted; the token stands for a `skip`. */
type PageRequest = Message & {
  readonly pageSize: number;
  readonly pageToken: string;
  readonly skip: number;
};

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

export function readPageSize(pageSize: number): number {
  return Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
}

/** Which page is asked for. Raises VALIDATION_ERROR for a token of another list, and for a token together with `skip`. */
export function readCountedPage<S extends DescMessage>(tokens: PageTokens, schema: S, request: PageRequest) {
  if (request.pageToken !== "" && request.skip > 0) throw invalid({ skip: "does not go with pageToken" });
  const skip = request.skip > 0 ? request.skip : Number(tokens.read(schema, request) ?? 0);
  return { skip, limit: readPageSize(request.pageSize) };
}

/** How many there are, and the token of the page after the one that starts at `skip` and showed `shown` of them. */
export function countedPageEnd<S extends DescMessage>(
  tokens: PageTokens,
  schema: S,
  request: PageRequest,
  { skip, limit, shown, total }: { skip: number; limit: number; shown: number; total: number },
) {
  const next = skip + shown;
  const isLast = shown < limit || next >= total;
  return { totalSize: total, nextPageToken: isLast ? "" : tokens.write(schema, request, String(next)) };
}
