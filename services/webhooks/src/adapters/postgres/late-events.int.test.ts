import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openPostgresStores, type PostgresStores } from "../../testing/postgres-stores.ts";
import { deliver, nextEventId, register } from "../../testing/stores.ts";

let given: PostgresStores;
beforeAll(async () => {
  given = await openPostgresStores();
});
afterAll(() => given[Symbol.asyncDispose]());

it("skips no event for a reader, however late it is committed and however many came before it", async () => {
  const { stores, admin } = given;
  const endpoint = await register(stores);
  const [early, late] = [nextEventId(), nextEventId()];
  await using closing = new AsyncDisposableStack();
  const slow = await admin.reserve();
  closing.defer(() => slow.release());
  await slow`begin`;
  await slow`
    insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
    values (${late}, ${endpoint.applicationId}, 'LIVE', 'payment.failed', 'p', 1, now(), '{}')`;
  await deliver(stores, endpoint, { id: early });
  // Read as a merchant does who polls: from where the last page ended.
  const seen: string[] = [];
  let after = "0-";
  const poll = async (): Promise<void> => {
    for (const { id, position } of await stores.log.events(endpoint, [], { limit: 100, after })) {
      seen.push(id);
      after = position;
    }
  };
  await poll();
  // The one that was committed first waits for the one that began first.
  expect(seen).toEqual([]);
  await slow`commit`;
  const last = nextEventId();
  await deliver(stores, endpoint, { id: last });
  // Transactions of other databases on the server hold back too.
  await eventually(async () => {
    await poll();
    expect(seen).toEqual([late, early, last]);
  });
});
