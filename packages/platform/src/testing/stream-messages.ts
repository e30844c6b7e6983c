import { connect, type JetStreamManager, type NatsConnection } from "nats";

export type StreamMessage = {
  readonly seq: number;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
};

/** A connection of the test's own, beside those of what it tests. */
export async function withNats<T>(
  url: string,
  work: (manager: JetStreamManager, connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: url });
  try {
    return await work(await connection.jetstreamManager(), connection);
  } finally {
    await connection.close();
  }
}

/** Everything that the stream holds, in its order. */
export function streamMessages(url: string, stream: string): Promise<StreamMessage[]> {
  return withNats(url, async (manager) => {
    const { state } = await manager.streams.info(stream, { deleted_details: true });
    const gone = new Set(state.deleted);
    const found: StreamMessage[] = [];
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
      if (gone.has(seq)) continue;
      const message = await manager.streams.getMessage(stream, { seq });
      const headers: Record<string, string> = {};
      for (const [name, [value]] of message.header) headers[name] = value ?? "";
      found.push({ seq, subject: message.subject, headers, payload: message.string() });
    }
    return found;
  });
}
