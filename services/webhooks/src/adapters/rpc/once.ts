import { createHash } from "node:crypto";
import { type DescMessage, type JsonValue, type MessageShape, toJson } from "@bufbuild/protobuf";
import type { Mode } from "@oi/proto/common/v1/mode";
import type { Once } from "../../application/admin-ports.ts";
import { toScope } from "./messages.ts";

type Asked = { readonly applicationId: bigint; readonly mode: Mode; readonly idempotencyKey: string };

/** Names sorted at every depth, so that one request has one text. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name] ?? null)]));
}

/** What makes a mutation happen once: its scope, its route, its key, and a fingerprint of what was asked. */
export function onceOf<D extends DescMessage>(
  route: string,
  desc: D,
  request: MessageShape<D> & Asked,
): Once {
  const { idempotencyKey: key, ...asked } = toJson(desc, request) as Record<string, JsonValue>;
  const fingerprint = createHash("sha256")
    .update(`${route}\n${JSON.stringify(sorted(asked))}`)
    .digest("hex");
  return {
    scope: toScope(request),
    route,
    key: typeof key === "string" && key !== "" ? key : null,
    fingerprint,
    actor: "rpc",
  };
}
