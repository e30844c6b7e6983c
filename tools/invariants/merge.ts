/** Two lists in the order of their keys, side by side: each key once, with what each list has of it. */
export async function* sideBySide<L extends { readonly key: string }, R extends { readonly key: string }>(
  left: AsyncIterator<L>,
  right: AsyncIterator<R>,
): AsyncGenerator<readonly [L | null, R | null]> {
  let [l, r] = [await take(left), await take(right)];
  while (l !== null || r !== null) {
    if (r === null || (l !== null && l.key < r.key)) {
      yield [l, null];
      l = await take(left);
    } else if (l === null || r.key < l.key) {
      yield [null, r];
      r = await take(right);
    } else {
      yield [l, r];
      [l, r] = [await take(left), await take(right)];
    }
  }
}

async function take<T>(from: AsyncIterator<T>): Promise<T | null> {
  const next = await from.next();
  return next.done ? null : next.value;
}

/** The items in groups of at most so many. */
export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
