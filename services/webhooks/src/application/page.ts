import type { Page } from "./admin-ports.ts";

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;

export type Paged<T, P = number> = { readonly items: readonly T[]; readonly next: P | null };

/** 20 when nothing is asked for; larger sizes are taken as 100. */
export function pageSize(asked: number): number {
  return asked <= 0 ? DEFAULT_SIZE : Math.min(asked, MAX_SIZE);
}

/** Reads one row more than the page holds, which tells whether there is a next page without counting. */
async function read<T, P>(
  asked: { readonly size: number; readonly after: P | null },
  rowsOf: (page: Page<P>) => Promise<readonly T[]>,
  placeOf: (row: T) => P,
): Promise<Paged<T, P>> {
  const size = pageSize(asked.size);
  const rows = await rowsOf({ limit: size + 1, after: asked.after });
  const items = rows.slice(0, size);
  const last = items.at(-1);
  return { items, next: rows.length > size && last !== undefined ? placeOf(last) : null };
}

export function readPage<T extends { readonly id: number }>(
  asked: { readonly size: number; readonly after: number | null },
  rowsOf: (page: Page) => Promise<readonly T[]>,
): Promise<Paged<T>> {
  return read(asked, rowsOf, (row) => row.id);
}

/** For lists that are not sorted by an id. */
export function readPlaced<T extends { readonly position: string }>(
  asked: { readonly size: number; readonly after: string | null },
  rowsOf: (page: Page<string>) => Promise<readonly T[]>,
): Promise<Paged<T, string>> {
  return read(asked, rowsOf, (row) => row.position);
}
