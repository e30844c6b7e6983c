import { spawn } from "node:child_process";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import { expect, it } from "vitest";
import { databaseConfig, platformDatabase } from "../testing/platform-database.ts";
import { openDatabase } from "./client.ts";

/** A door to the database that can be shut, as a server that is being restarted. */
function doorTo(target: URL) {
  const inside = new Set<Socket>();
  let server: Server | null = null;
  const open = (port: number) =>
    new Promise<number>((resolve) => {
      const opened = createServer((socket) => {
        const upstream = connect(Number(target.port), target.hostname);
        for (const side of [socket, upstream]) {
          inside.add(side);
          side.on("error", () => side.destroy());
        }
        socket.pipe(upstream).pipe(socket);
      });
      server = opened.listen(port, "127.0.0.1", () => resolve((opened.address() as AddressInfo).port));
    });
  const shut = () =>
    new Promise<void>((resolve) => {
      for (const socket of inside) socket.destroy();
      server?.close(() => resolve());
    });
  return { open, shut };
}

it("is back soon after the database is, however often it knocked in vain", async () => {
  await using platform = await platformDatabase();
  const url = new URL(platform.test.url);
  const door = doorTo(new URL(platform.test.url));
  url.port = String(await door.open(0));
  url.hostname = "127.0.0.1";
  await using database = openDatabase(databaseConfig(url.href), "reconnect", 1);
  const works = () => database.run((sql) => sql`select 1`);
  await works();
  await door.shut();
  // The driver's own waits would have grown to several seconds by then.
  const until = performance.now() + 4_000;
  while (performance.now() < until) await expect(works()).rejects.toThrow("cannot be used");
  await door.open(Number(url.port));
  const fromMs = performance.now();
  await eventually(works, { withinMs: 20_000 });
  expect(performance.now() - fromMs).toBeLessThan(5_000);
  await door.shut();
});

it("outlives a database that dies while the driver asks its own question, but no mistake of ours", async () => {
  await using platform = await platformDatabase();
  const script = fileURLToPath(new URL("../testing/dying-server.ts", import.meta.url));
  const child = spawn(process.execPath, [script, platform.test.url], { stdio: ["ignore", "pipe", "pipe"] });
  const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(said).toBe("The database cannot be used just now.\nalive\n");
  expect(complained).toContain("nobody hears this");
});
