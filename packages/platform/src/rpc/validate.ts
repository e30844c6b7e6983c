import type { DescMessage, Message } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { DomainError } from "@oi/kernel/errors";

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

/** Raises VALIDATION_ERROR with every field that breaks a rule of the contract, by its JSON name. */
export function validateMessage(schema: DescMessage, message: Message): void {
  const result = validator.validate(schema, message);
  if (result.kind === "valid") return;
  if (result.kind === "error") throw result.error;
  const fields = Object.fromEntries(result.violations.map((v) => [publicName(v), v.message]));
  const [name, rule] = Object.entries(fields)[0] ?? ["request", "is not valid"];
  throw new DomainError("VALIDATION_ERROR", `${name}: ${rule}`, { fields });
}
