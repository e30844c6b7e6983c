import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";

/** A service of which a test means some methods; the others refuse, however many there are by now. */
export function stubService<S extends DescService>(
  desc: S,
  handlers: Partial<ServiceImpl<S>>,
): ServiceImpl<S> {
  const refuse = (): never => {
    throw new DomainError("INTERNAL_ERROR", "not part of this test");
  };
  const refusals = Object.fromEntries(desc.methods.map(({ localName }) => [localName, refuse]));
  return { ...refusals, ...handlers } as unknown as ServiceImpl<S>;
}
