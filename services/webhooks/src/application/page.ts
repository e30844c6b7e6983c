import type { Page } from "./ports.ts";

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;

export type Paged<T> = { readonly items: readonly T[]; readonly next: number | null };

/** 20 when nothing is asked for; larger sizes are taken as 100. */
function pageSize(asked: number): number {
  return asked <= 0 ? DEFAULT_SIZE : Math.min(asked, MAX_SIZE);
}

/** Reads one row more than the page holds, which tells whether there is a next page without counting. */
export async function readPage<T extends { readonly id: number }>(
  asked: { readonly size: number; readonly after: number | null },
  read: (page: Page) => Promise<readonly T[]>,
): Promise<Paged<T>> {
  const size = pageSize(asked.size);
  const rows = await read({ limit: size + 1, after: asked.after });
  const items = rows.slice(0, size);
  return { items, next: rows.length > size ? (items.at(-1)?.id ?? null) : null };
}
