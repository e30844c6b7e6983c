import { type AddressInfo, connect, createServer } from "node:net";
import { openDatabase } from "../postgres/client.ts";
import { databaseConfig } from "./platform-database.ts";

// A process whose database dies in the moment in which the driver asks for its array types. It prints what its own
// query was told, and then what a promise of ours that nobody hears does to it.
const target = new URL(process.argv[2] ?? "");
const server = createServer((socket) => {
  const upstream = connect(Number(target.port), target.hostname);
  for (const side of [socket, upstream]) side.on("error", () => side.destroy());
  upstream.pipe(socket);
  socket.on("data", (bytes) => {
    if (bytes.includes("b.typarray")) socket.destroy();
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
