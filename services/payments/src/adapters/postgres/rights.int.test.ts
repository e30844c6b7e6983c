import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { created } from "../../testing/store-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
  await created(world);
});
afterAll(() => world[Symbol.asyncDispose]());

const APPEND_ONLY = {
  payment_history: "cause",
  charge: "kind",
  audit_log: "actor",
  gateway_inquiry: "outcome",
  refund_call: "outcome",
  payment_review: "reason",
};

for (const [table, column] of Object.entries(APPEND_ONLY)) {
  it(`lets the service add to ${table}, but neither change nor remove what is there`, async () => {
    const refused = { code: "42501" };
    await expect(world.app`update ${world.app(table)} set ${world.app(column)} = ''`).rejects.toMatchObject(
      refused,
    );
    await expect(world.app`delete from ${world.app(table)}`).rejects.toMatchObject(refused);
    await expect(world.app`truncate ${world.app(table)}`).rejects.toMatchObject(refused);
    await world.app`select count(*) from ${world.app(table)}`;
  });
}

for (const table of [
  "payment",
  "gateway_attempt",
  "gateway_callback",
  "refund",
  "refund_attempt",
  "credential",
  "application",
  "outbox",
]) {
  it(`does not let the service remove anything from ${table}`, async () => {
    await expect(world.app`delete from ${world.app(table)}`).rejects.toMatchObject({ code: "42501" });
  });
}

it("audits who registered and who changed settings", async () => {
  const actions = await world.admin`select actor, action from audit_log order by id`;
  expect(actions).toContainEqual({ actor: "test", action: "application.registered" });
});
