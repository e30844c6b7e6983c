import { DomainError } from "@oi/kernel/errors";

/** A book of another scope looks the same as one that never was. */
export function bookNotFound(): DomainError {
  return new DomainError("RESOURCE_NOT_FOUND", "Book not found.", { metadata: { cause: "BOOK_NOT_FOUND" } });
}

export function accountNotFound(): DomainError {
  return new DomainError("RESOURCE_NOT_FOUND", "Account not found.", {
    metadata: { cause: "ACCOUNT_NOT_FOUND" },
  });
}
