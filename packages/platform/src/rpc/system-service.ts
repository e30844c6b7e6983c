import type { DescService } from "@bufbuild/protobuf";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** A service of the door itself, beside those that are mounted. */
export type SystemService = {
  readonly desc: DescService;
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
  /** Ends the calls that would otherwise stay open for ever and hold up the drain. */
  close(): void;
};

type Call = { once(event: "close" | "cancelled" | "error", listener: () => void): unknown };

export type OpenCalls = {
  /** From then on nothing stays open: what comes late is ended at once. */
  readonly close: () => void;
  /** `end` is called when the door closes while the call is open. */
  add(call: Call, end: () => void): void;
  readonly size: number;
};

/** The calls of a service that have no natural end. */
export function openCalls(onEmpty: () => void = () => undefined): OpenCalls {
  const open = new Map<Call, () => void>();
  let isClosed = false;
  const forget = (call: Call): void => {
    if (open.delete(call) && open.size === 0) onEmpty();
  };
  return {
    add: (call, end) => {
      if (isClosed) {
        end();
        return;
      }
      open.set(call, end);
      for (const event of ["close", "cancelled", "error"] as const) call.once(event, () => forget(call));
    },
    close: () => {
      isClosed = true;
      for (const [call, end] of [...open]) {
        end();
        forget(call);
      }
    },
    get size() {
      return open.size;
    },
  };
}
