import type { Sql } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshScope } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { tellStory } from "../../testing/story.ts";
import { bookId } from "./book-id.ts";

// What the service's login may do, read from the catalogue, against a list kept here; each right it has not is granted
// once, and each policy is dropped and widened once, in transactions that are rolled back, to see that it shows.
let ledger: PostgresLedger;
let app: string;
const mine = freshScope("LIVE");
const other = freshScope("TEST");

beforeAll(async () => {
  ledger = await postgresLedger();
  app = ledger.test.appRole;
  for (const scope of [mine, other]) await tellStory(ledger.ports, scope);
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** Works as the superuser in a transaction that leaves nothing. */
async function undone(work: (sql: Sql) => Promise<void>): Promise<void> {
  const over = new Error("rolled back");
  await ledger
    .as("admin")
    .sql.begin(async (transaction) => {
      await work(transaction as unknown as Sql);
      throw over;
    })
    .catch((error: unknown) => {
      if (error !== over) throw error;
    });
}

/** Every right in the schema that the login has itself or as anybody. */
async function rightsOf(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ what: string }[]>`
    with granted as (
      select 'schema ' || nspname as thing, a.* from pg_namespace, aclexplode(nspacl) a where nspname = 'ledger'
      union all
      select c.relname, a.* from pg_class c,
        aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
      where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p', 'S', 'v', 'm')
      union all
      select c.relname || '.' || t.attname, a.* from pg_class c join pg_attribute t on t.attrelid = c.oid,
        aclexplode(t.attacl) a
      where c.relnamespace = 'ledger'::regnamespace
      union all
      select p.proname || '()', a.* from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where p.pronamespace = 'ledger'::regnamespace)
    select distinct lower(privilege_type) || ' ' || thing as what from granted
    where grantee in (0, ${app}::regrole)
    order by 1`;
  return rows.map(({ what }) => what);
}

const TABLES = [
  ...[
    "account",
    "account_balance",
    "account_day",
    "adjustment",
    "block",
    "book",
    "entry",
    "inbox",
    "open_item",
  ],
  ...["parked_event", "rejection", "txn"],
];
const FUNCTIONS = [
  ...["account_as_of", "current_book", "ensure_book", "expire_adjustments", "forget_events", "list_books"],
  ...["post_batch", "undone_adjustments"],
];
const RIGHTS = [
  "usage schema ledger",
  ...TABLES.map((table) => `select ${table}`),
  ...FUNCTIONS.map((name) => `execute ${name}()`),
  ...["insert inbox", "insert parked_event"],
  ...["book_id", "idem_key", "content", "content_hash", "maker", "status", "decision", "decided_at"].map(
    (column) => `insert adjustment.${column}`,
  ),
  ...["status", "checker", "decision", "decided_at"].map((column) => `update adjustment.${column}`),
  ...["resolved_at", "resolution"].map((column) => `update parked_event.${column}`),
].sort();

it("has exactly these rights", async () => {
  expect([...(await rightsOf(ledger.as("admin").sql))].sort()).toEqual(RIGHTS);
});

it("would be seen to have any other right, of its own or as anybody", async () => {
  const unseen: string[] = [];
  let tried = 0;
  await undone(async (sql) => {
    const before = (await rightsOf(sql)).join("\n");
    const grants = await sql<{ grant: string }[]>`
      select 'grant ' || p || ' on ledger.' || c.relname || ' to ' as grant
      from pg_class c, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
      where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p')
        and not has_table_privilege(${app}, c.oid, p)
      union all
      select 'grant ' || p || ' (' || a.attname || ') on ledger.' || c.relname || ' to '
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0, unnest(array['insert', 'update']) p
      where c.relnamespace = 'ledger'::regnamespace and c.relname in ('adjustment', 'parked_event', 'inbox')
        and not has_column_privilege(${app}, c.oid, a.attnum, p)
      union all
      select 'grant execute on function ' || p.oid::regprocedure || ' to '
      from pg_proc p where p.pronamespace = 'ledger'::regnamespace and not has_function_privilege(${app}, p.oid, 'execute')
      union all
      select 'grant usage on sequence ' || c.oid::regclass || ' to ' from pg_class c
      where c.relnamespace = 'ledger'::regnamespace and c.relkind = 'S'
      union all
      select 'grant create on schema ledger to '`;
    for (const { grant } of grants) {
      for (const who of [app, "public"]) {
        await sql.unsafe(`savepoint before; ${grant}${who}`);
        if ((await rightsOf(sql)).join("\n") === before) unseen.push(`${grant}${who}`);
        await sql.unsafe("rollback to before");
        tried += 1;
      }
    }
  });
  expect(unseen).toEqual([]);
  expect(tried).toBeGreaterThan(300);
}, 60_000);

it("gets no right by being a member of another login, and none over the server", async () => {
  const [row] = await ledger.as("admin").sql`
    select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as is_mighty,
      (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships
    from pg_roles r where rolname = ${app}`;
  expect(row).toEqual({ is_mighty: false, memberships: 0 });
});

it("runs nothing with the owner's rights that could be led astray by a search path", async () => {
  const rows = await ledger.as("admin").sql<{ name: string; fixed: boolean }[]>`
    select proname as name, coalesce('search_path=ledger, pg_temp' = any (proconfig), false) as fixed
    from pg_proc where pronamespace = 'ledger'::regnamespace and prosecdef order by 1`;
  expect(rows.filter(({ fixed }) => !fixed)).toEqual([]);
  expect(rows.map(({ name }) => name)).toEqual(
    FUNCTIONS.filter((name) => !/account_as_of|current/.test(name)),
  );
});

/** As the service, with its own book named or none: "done", or the SQLSTATE of the refusal. */
async function attempt(change: string, statement: string, named = bookId(mine)): Promise<string> {
  let answer = "done";
  await undone(async (sql) => {
    try {
      await sql.unsafe(`${change}; select set_config('oi.book_id', '${named}', true); set local role ${app}`);
      await sql.unsafe(statement);
    } catch (error) {
      answer = postgresCode(error) ?? String(error);
    }
  });
  return answer;
}

const NOTHING = "select";
/** With no row there is nothing to divide by. */
const EMPTY = "22012";
const seesAny = (table: string): string => `select 1 / (select count(*) from ledger.${table})`;
const REFUSED = "42501";
const UNPOSTED =
  "insert into ledger.inbox (event_id, subject, outcome) values (gen_random_uuid(), 'x', 'IGNORED')";
const POSTED = `insert into ledger.inbox (event_id, subject, outcome, book_id, seq)
  values (gen_random_uuid(), 'x', 'POSTED', ${bookId(mine)}, 1)`;
const proposed = (
  book: string,
): string => `insert into ledger.adjustment (book_id, idem_key, content, content_hash, maker)
  values (${book}, 'policy', '{}', sha256('x'), 'anik')`;

it("sees one book through the policy of each table: no other with it, none without it", async () => {
  const tables = await ledger.as("admin").sql<{ name: string; secured: boolean; policy: string | null }[]>`
    select c.relname as name, c.relrowsecurity as secured,
      (select p.polname from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*')) as policy
    from pg_class c
    where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and (c.relname = 'book' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'book_id'))
    order by 1`;
  expect(tables.map(({ name }) => name)).toEqual(TABLES.filter((name) => name !== "parked_event"));
  for (const { name, secured, policy } of tables) {
    const outcomes = {
      ...{ name, secured },
      own: await attempt(NOTHING, seesAny(name)),
      others: await attempt(NOTHING, seesAny(name), "424242"),
      unsecured: await attempt(
        `alter table ledger.${name} disable row level security`,
        seesAny(name),
        "424242",
      ),
      widened: await attempt(
        `alter policy ${policy} on ledger.${name} using (true)`,
        seesAny(name),
        "424242",
      ),
      dropped: await attempt(`drop policy ${policy} on ledger.${name}`, seesAny(name)),
    };
    expect(outcomes).toEqual({
      ...{ name, secured: true, own: "done", others: EMPTY },
      ...{ unsecured: "done", widened: "done", dropped: EMPTY },
    });
  }
});

it("writes through two policies: what is in no book yet, and proposals of the book that is named", async () => {
  const policies = await ledger.as("admin").sql<{ name: string }[]>`
    select c.relname || '.' || p.polname as name from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'ledger'::regnamespace and p.polcmd <> 'r' order by 1`;
  expect(policies.map(({ name }) => name)).toEqual(["adjustment.own_book", "inbox.unposted"]);
  expect(await attempt(NOTHING, UNPOSTED)).toBe("done");
  expect(await attempt("drop policy unposted on ledger.inbox", UNPOSTED)).toBe(REFUSED);
  expect(await attempt(NOTHING, POSTED)).toBe(REFUSED);
  expect(await attempt("alter policy unposted on ledger.inbox with check (true)", POSTED)).toBe("done");
  expect(await attempt(NOTHING, proposed(bookId(mine)))).toBe("done");
  expect(await attempt("drop policy own_book on ledger.adjustment", proposed(bookId(mine)))).toBe(REFUSED);
  expect(await attempt(NOTHING, proposed(bookId(other)))).toBe(REFUSED);
  const widened = "alter policy own_book on ledger.adjustment with check (true)";
  expect(await attempt(widened, proposed(bookId(other)))).toBe("done");
});
