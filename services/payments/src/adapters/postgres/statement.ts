import type { Sql } from "@oi/platform/postgres/client";

export const date = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));
/** In arrays: the driver takes the type of an array's first Date or boolean for that of the array. */
export const stamp = (instant: number | null): string | null => date(instant)?.toISOString() ?? null;
/** A part of a statement that has nothing to do. */
export const nothing = (sql: Sql) => sql`select 1 where false`;
