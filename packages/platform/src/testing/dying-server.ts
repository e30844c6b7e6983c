import { type AddressInfo, connect, createServer } from "node:net";
import { openDatabase } from "../postgres/client.ts";
import { databaseConfig } from "./platform-database.ts";

// A process whose database dies in the moment in which the driver asks for its array types. It prints what its own
// query was told, and then what a promise of ours that nobody hears does to it.
const LAST_WORDS = "SFATAL\0C57P01\0Mterminating connection\0\0";
const farewell = Buffer.alloc(5 + LAST_WORDS.length, "E");
farewell.writeInt32BE(4 + LAST_WORDS.length, 1);
farewell.write(LAST_WORDS, 5);
const target = new URL(process.argv[2] ?? "");
const { hostname, port } = target;
const server = createServer((socket) => {
  const upstream = connect(Number(port), hostname);
  for (const side of [socket, upstream]) side.on("error", () => side.destroy());
  upstream.pipe(socket);
  socket.on("data", (bytes) => {
    if (bytes.includes("b.typarray")) socket.end(farewell);
    else upstream.write(bytes);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
target.port = String((server.address() as AddressInfo).port);
target.hostname = "127.0.0.1";
const database = openDatabase(databaseConfig(target.href), "dying", 1);
await database
  .run((sql) => sql`select 1`)
  .catch((error: Error) => process.stdout.write(`${error.message}\n`));
await new Promise((resolve) => setTimeout(resolve, 100));
process.stdout.write("alive\n");
void Promise.reject(new Error("nobody hears this"));
