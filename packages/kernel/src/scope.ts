export type Mode = "TEST" | "LIVE";

/** Whose data a query may see. It stands in every query; a record outside it does not exist for the caller. */
export type Scope = { readonly applicationId: number; readonly mode: Mode };
