import { translateDatabaseError } from "@oi/platform/postgres/errors";
import { createLogger } from "@oi/platform/telemetry/logger";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { create, created, scopeOf } from "../../testing/store-world.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const EMAIL = "canary@customer.example";
const customer = { reference: "canary-ref", email: EMAIL, phone: "+8801799999999", name: "Canary Name" };

/** The failure of a piece of work, and how the log would write it. */
async function failure(work: Promise<unknown>): Promise<{ error: unknown; line: string }> {
  const error = await work.then(
    () => expect.fail("the database refuses it"),
    (reason: unknown) => reason,
  );
  const lines: string[] = [];
  createLogger({
    service: "test",
    level: "info",
    destination: { write: (text: string) => void lines.push(text) },
  }).error({ err: error }, "failed");
  return { error, line: lines.join("") };
}

it("keeps customers' data out of the log when the database refuses a row or a key", async () => {
  const scope = await scopeOf(world);
  const first = await created(world, { scope, customer });
  const bad = { amountMinor: 100n, currency: "no" };
  const refused = [
    await failure(create(world, { scope, customer, amount: bad })),
    await failure(
      world.admin`insert into payment select * from payment where id = ${first.id}`.catch((error) =>
        Promise.reject(translateDatabaseError(error)),
      ),
    ),
  ];
  for (const { error, line } of refused) {
    expect(error).toMatchObject({ severity: "ERROR" });
    expect(line).toContain("payment");
    for (const secret of [EMAIL, "canary", "Canary", "+88017"]) expect(line).not.toContain(secret);
  }
});
