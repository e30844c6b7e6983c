import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { PageTokens } from "@oi/platform/rpc/page-token";

type Listed = Message & { readonly pageToken: string };

/** The lists of one kind of request: where a page begins, and the token of the next one. */
export type Pages<Request> = {
  /** Null for the first page. Raises VALIDATION_ERROR for a token that is not of this list. */
  begin(request: Request): string | null;
  /** Empty at the end, where there is no position. */
  next(request: Request, position: string | number | null): string;
};

/** A position is where its list goes on, an id or a row's place. It is authenticated, so its form needs no second look. */
export function pagesOf<Request extends Listed>(tokens: PageTokens, schema: DescMessage): Pages<Request> {
  return {
    begin: (request) => tokens.read(schema, request),
    next: (request, position) => (position === null ? "" : tokens.write(schema, request, String(position))),
  };
}

/** Of a list whose position is an id; null at its beginning. */
export function idOf(position: string | null): number | null {
  return position === null ? null : Number(position);
}
