import { DomainError } from "@oi/kernel/errors";

function missing(what: string, cause: string): DomainError {
  return new DomainError("RESOURCE_NOT_FOUND", `${what} not found.`, { metadata: { cause } });
}

/** A book of another scope looks the same as one that never was. */
export function bookNotFound(): DomainError {
  return missing("Book", "BOOK_NOT_FOUND");
}

export function accountNotFound(): DomainError {
  return missing("Account", "ACCOUNT_NOT_FOUND");
}

export function transactionNotFound(): DomainError {
  return missing("Transaction", "TRANSACTION_NOT_FOUND");
}

export function adjustmentNotFound(): DomainError {
  return missing("Adjustment", "ADJUSTMENT_NOT_FOUND");
}

export function parkedEventNotFound(): DomainError {
  return missing("Parked event", "PARKED_EVENT_NOT_FOUND");
}
