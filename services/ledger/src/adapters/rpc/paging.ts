import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { PageTokens } from "@oi/platform/rpc/page-token";

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

export function pageSize(asked: number): number {
  return asked === 0 ? DEFAULT_PAGE : Math.min(asked, LARGEST_PAGE);
}

/** The lists of one kind of request: where a page begins, and the token of the next one. */
export type Pages<Request> = {
  /** Null for the first page. Raises VALIDATION_ERROR for a token that is not of this list. */
  begin(request: Request): readonly string[] | null;
  /** Empty at the end, where there is no position. */
  next(request: Request, position: readonly (string | number)[] | null): string;
};

/** A position is what the last row of a page is sorted by. It is authenticated, so its form needs no second look. */
export function pagesOf<Request extends Message & { readonly pageToken: string }>(
  tokens: PageTokens,
  schema: DescMessage,
): Pages<Request> {
  return {
    begin: (request) => {
      const position = tokens.read(schema, request);
      return position === null ? null : (JSON.parse(position) as readonly string[]);
    },
    next: (request, position) =>
      position === null ? "" : tokens.write(schema, request, JSON.stringify(position.map(String))),
  };
}

/** Of a list whose position is one number; null at its beginning. */
export function numberOf(position: readonly string[] | null): number | null {
  return position === null ? null : Number(position[0]);
}
