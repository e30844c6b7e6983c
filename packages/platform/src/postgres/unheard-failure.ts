/** The driver's own first question on each connection, by a word that stands in no statement of ours. */
const OWN_QUESTION = "b.typarray";

let listening = false;

/**
 * The driver asks each new connection for its array types and waits for the answer nowhere (postgres 3.4.9,
 * `fetchArrayTypes` in connection.js): a server that dies in that moment would end the process with an unhandled
 * rejection, although the query that waited for the connection is told properly. Every other one still does.
 */
export function hearDriver(): void {
  if (listening) return;
  listening = true;
  process.on("unhandledRejection", (error) => {
    if (!isOwnQuestion(error)) throw error;
  });
}

function isOwnQuestion(error: unknown): boolean {
  if (!(error instanceof Error) || !("query" in error)) return false;
  return String(error.query).includes(OWN_QUESTION);
}
