import type { DescMethodUnary } from "@bufbuild/protobuf";
import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";
import type { Logger } from "../telemetry/logger.ts";
import { ERROR_MAP } from "./error-map.ts";
import { toConnectError } from "./errors.ts";

export type UnaryMethod = DescMethodUnary<DescMessage, DescMessage>;
export type UnaryHandler = (request: Message, context: HandlerContext) => Promise<Message>;

/** A service whose handlers validate, log and translate errors; both doors and the in-memory transport mount it. */
export type MountedService = {
  readonly desc: DescService;
  readonly methods: ReadonlyMap<string, { readonly method: UnaryMethod; readonly handle: UnaryHandler }>;
};

const validator = createValidator();

/** `customer_reference` → `customerReference`: callers of both doors know the JSON names. */
function publicName(violation: Violation): string {
  const names = violation.field.map((part) =>
    part.kind === "list_sub"
      ? `[${part.index}]`
      : "jsonName" in part
        ? part.jsonName
        : "name" in part
          ? part.name
          : "",
  );
  return names.join(".").replaceAll(".[", "[") || "request";
}

function validate(method: UnaryMethod, request: Message): void {
  const result = validator.validate(method.input, request);
  if (result.kind === "valid") return;
  if (result.kind === "error") throw result.error;
  const fields = Object.fromEntries(result.violations.map((v) => [publicName(v), v.message]));
  const [name, rule] = Object.entries(fields)[0] ?? ["request", "is not valid"];
  throw new DomainError("VALIDATION_ERROR", `${name}: ${rule}`, { fields });
}

/** Anything that is no refusal of ours is a bug: its cause is logged and never sent. */
function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return new DomainError("INTERNAL_ERROR", "Something went wrong on our side.", { cause: error });
}

/** Joins a service's descriptor with its handlers, written once as a Connect implementation. Unary methods only. */
export function mountService<S extends DescService>(
  desc: S,
  impl: ServiceImpl<S>,
  log: Logger,
): MountedService {
  const handlers = impl as Record<string, (request: Message, context: HandlerContext) => unknown>;
  const methods = desc.methods.map((method) => {
    const handler = handlers[method.localName];
    if (method.methodKind !== "unary" || !handler)
      throw new Error(`${desc.typeName}.${method.name} cannot be mounted`);
    const unary = method as UnaryMethod;
    const handle: UnaryHandler = async (request, context) => {
      const startedMs = performance.now();
      let outcome = "OK";
      let cause: unknown;
      try {
        validate(unary, request);
        return create(unary.output, (await handler(request, context)) as Message);
      } catch (error) {
        const refusal = refusalOf(error);
        outcome = refusal.reason;
        if (ERROR_MAP[refusal.reason].http >= 500) cause = refusal.cause ?? refusal;
        throw toConnectError(refusal);
      } finally {
        const requestId = context.requestHeader.get("x-request-id") ?? undefined;
        const line = {
          rpc: method.name,
          outcome,
          ms: Math.round((performance.now() - startedMs) * 10) / 10,
          requestId,
        };
        if (cause === undefined) log.info(line, "rpc");
        else log.error({ ...line, err: cause }, "rpc failed");
      }
    };
    return [method.name, { method: unary, handle }] as const;
  });
  return { desc, methods: new Map(methods) };
}
