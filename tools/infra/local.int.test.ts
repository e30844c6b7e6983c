import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "nats";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Infrastructure, resetHome, startInfrastructure } from "./local.ts";
import { freePort } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { isAlive, waitUntilGone } from "./processes.ts";
import { infrastructureProcess, serverPids } from "./testing/infrastructure-process.ts";

const GONE_WITHIN_MS = 20_000;
/** A stopped home with an empty cluster: copying it takes a tenth of what making one takes. */
const seed = mkdtempSync(join(tmpdir(), "oi-infra-seed-"));
let parent: string;
let home: string;
let env: Record<string, string | undefined>;

beforeAll(async () => {
  await using server = await startPostgres({ folder: join(seed, "postgres"), port: freePort, flags: "fast" });
  expect(server.version).toBe("18.4");
});

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), "oi-infra-"));
  home = join(parent, "home");
  cpSync(seed, home, { recursive: true });
  chmodSync(home, 0o700);
  chmodSync(parent, 0o700);
  const ports = { OI_POSTGRES_PORT: String(await freePort()), OI_NATS_PORT: String(await freePort()) };
  const { PATH, HOME, XDG_CACHE_HOME, NATS_SERVER_BIN } = process.env;
  env = { PATH, HOME, XDG_CACHE_HOME, NATS_SERVER_BIN, ...ports };
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));
afterAll(() => rmSync(seed, { recursive: true, force: true }));

const start = (variables = env): Promise<Infrastructure> =>
  startInfrastructure({ home, env: variables, flags: "fast" });

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

const remember = (url: string): Promise<unknown> =>
  query(url, "create table thing (id int); insert into thing values (42);");
const remembered = (url: string): Promise<readonly object[]> => query(url, "select id from thing");

it("starts below folders of mode 0700 and finds its data and its passwords again", async () => {
  rmSync(join(home, "postgres"), { recursive: true });
  const steps: string[] = [];
  let first: Pick<Infrastructure, "databases" | "natsUrl">;
  {
    await using infrastructure = await startInfrastructure({
      home,
      env,
      onStep: (name, state) => steps.push(`${name} ${state}`),
    });
    await remember(infrastructure.databases.ledger.ownerUrl);
    first = infrastructure;
  }
  expect(steps).toEqual(expect.arrayContaining(["postgresql started", "postgresql done", "nats done"]));
  await using second = await start();
  expect(second.databases).toEqual(first.databases);
  expect(second.natsUrl).toBe(first.natsUrl);
  expect(await remembered(second.databases.ledger.ownerUrl)).toEqual([{ id: 42 }]);
  for (const file of ["roles.json", "superuser-password"]) {
    expect(statSync(join(home, "postgres", file)).mode & 0o077).toBe(0);
  }
});

it("gives each service a database that only it may enter, in UTF-8 and UTC", async () => {
  await using infrastructure = await start();
  const { payments, ledger } = infrastructure.databases;
  const [facts] = await query(
    payments.url,
    `select current_user as role, current_database() as name, current_setting('timezone') as zone,
            current_setting('server_encoding') as encoding, current_setting('data_checksums') as checksums`,
  );
  expect(facts).toEqual({
    role: "payments_app",
    name: "oi_payments",
    zone: "UTC",
    encoding: "UTF8",
    checksums: "on",
  });
  for (const place of ["/oi_ledger", "/postgres", "/template1"]) {
    const crossed = new URL(payments.url);
    crossed.pathname = place;
    await expect(query(crossed.href, "select 1")).rejects.toThrow(/permission denied for database/);
  }
  await expect(query(ledger.url, "create table thing (id int)")).rejects.toThrow(/permission denied/);
});

it("leaves no server behind when its process is killed, and recovers the data", async () => {
  const running = await infrastructureProcess(home, env);
  await remember(running.facts.databases.payments.ownerUrl);
  const pids = serverPids(home);
  await running.end("SIGKILL");
  expect(await waitUntilGone(pids.postgres, GONE_WITHIN_MS)).toBe(true);
  expect(await waitUntilGone(pids.nats, GONE_WITHIN_MS)).toBe(true);
  await using again = await start();
  expect(await remembered(again.databases.payments.ownerUrl)).toEqual([{ id: 42 }]);
});

it("recovers when the servers are killed as well", async () => {
  const running = await infrastructureProcess(home, env);
  await remember(running.facts.databases.payments.ownerUrl);
  for (const pid of Object.values(serverPids(home))) process.kill(pid, "SIGKILL");
  await running.end("SIGKILL");
  await using again = await start();
  expect(await remembered(again.databases.payments.ownerUrl)).toEqual([{ id: 42 }]);
  const connection = await connect({ servers: again.natsUrl });
  expect(connection.info?.jetstream).toBe(true);
  await connection.close();
});

it("stops servers that outlived their keeper before it starts its own", async () => {
  const running = await infrastructureProcess(home, env);
  await remember(running.facts.databases.payments.ownerUrl);
  const pids = Object.values(serverPids(home));
  for (const pid of pids) process.kill(keeperOf(pid), "SIGKILL");
  await running.end("SIGKILL");
  expect(pids.map(isAlive)).toEqual([true, true]);
  const { OI_POSTGRES_PORT, OI_NATS_PORT, ...unchosen } = env;
  await using again = await start(unchosen);
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(await remembered(again.databases.payments.ownerUrl)).toEqual([{ id: 42 }]);
});

it("refuses a second start on the same home and takes over a lock whose process is gone", async () => {
  const running = await infrastructureProcess(home, env);
  await expect(startInfrastructure({ home, env })).rejects.toMatchObject({
    exitCode: 65,
    what: "OI Payments already runs here",
  });
  await running.end("SIGTERM");
  expect(existsSync(join(home, "lock"))).toBe(false);
  const killed = await infrastructureProcess(home, env);
  await killed.end("SIGKILL");
  expect(existsSync(join(home, "lock"))).toBe(true);
  await using again = await start();
  expect(again.natsUrl).toBe(killed.facts.natsUrl);
});

it("keeps an ephemeral start apart and removes it, also after a kill", async () => {
  const ephemeral = { ...env, OI_EPHEMERAL: "1" };
  {
    await using one = await start(ephemeral);
    await using two = await start(ephemeral);
    expect(one.natsUrl).not.toBe(two.natsUrl);
    expect(Number(new URL(one.databases.payments.url).port)).toBeLessThan(32_768);
    await remember(one.databases.payments.ownerUrl);
  }
  const killed = await infrastructureProcess(home, ephemeral);
  expect(readdirSync(join(home, "ephemeral"))).toHaveLength(1);
  await killed.end("SIGKILL");
  await expect.poll(() => readdirSync(join(home, "ephemeral")), { timeout: GONE_WITHIN_MS }).toEqual([]);
});

it("forgets everything when it is reset, and refuses while something runs", async () => {
  const running = await infrastructureProcess(home, env);
  await expect(resetHome(home)).rejects.toMatchObject({ what: "OI Payments already runs here" });
  const pids = Object.values(serverPids(home));
  for (const pid of pids) process.kill(keeperOf(pid), "SIGKILL");
  await running.end("SIGKILL");
  await resetHome(home);
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(readdirSync(home)).toEqual([]);
});

it("names the process that holds a port that was asked for", async () => {
  await using _running = await start();
  const failure = startInfrastructure({ home: join(parent, "other"), env });
  await expect(failure).rejects.toMatchObject({
    exitCode: 65,
    what: `port ${env.OI_POSTGRES_PORT} is taken`,
  });
  await expect(failure).rejects.toMatchObject({ why: expect.stringMatching(/process \d+ \(postgres\)/) });
});

function keeperOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
}
