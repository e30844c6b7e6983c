import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";

/** Methods that the edge does not call are there all the same, or nothing could be mounted. */
export function withUnused<S extends DescService>(desc: S, known: Partial<ServiceImpl<S>>): ServiceImpl<S> {
  const unused = (): never => {
    throw new DomainError("INTERNAL_ERROR", "The edge does not call this.");
  };
  const all = Object.fromEntries(desc.methods.map(({ localName }) => [localName, unused]));
  return { ...all, ...known } as ServiceImpl<S>;
}
