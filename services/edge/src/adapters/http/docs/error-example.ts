import { DomainError, type ErrorReason } from "@oi/kernel/errors";
import type { ErrorEntry } from "../../../domain/error-catalogue.ts";

export function errorOf(reason: ErrorReason, { example }: ErrorEntry): DomainError {
  const { message, fields } = example;
  return new DomainError(reason, message, fields === undefined ? {} : { fields });
}
