import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Frames by hand (RFC 9113): a client that keeps no rule of the protocol. */
export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, endHeaders: 4 } as const;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** An HPACK integer (RFC 7541, 5.1). */
function integer(value: number, prefixBits: number, first: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const text = (value: string): Buffer => Buffer.concat([integer(value.length, 7, 0), Buffer.from(value)]);

/** A header that is sent in full; `indexed` puts it in the other side's table. */
export function literal(name: string, value: string, indexed = false): Buffer {
  return Buffer.concat([Buffer.from([indexed ? 0x40 : 0]), text(name), text(value)]);
}

/** The newest entry of the table. */
export const NEWEST = Buffer.from([0x80 | 62]);

/** The header block of a call. */
export function callHeaders(path: string): Buffer {
  return Buffer.concat([
    // :method POST and :scheme http stand in the static table.
    Buffer.from([0x83, 0x86]),
    literal(":path", path),
    literal(":authority", "127.0.0.1"),
    literal("content-type", "application/grpc"),
    literal("te", "trailers"),
  ]);
}

export type RawConnection = {
  readonly socket: Socket;
  /** Whether the other end closed it. */
  isOpen(): boolean;
  /** Sends as fast as the other end takes it; ends early when it closes. */
  send(chunk: Buffer): Promise<void>;
};

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** `reads` false never takes an answer off the wire. */
export async function rawConnection(address: string, reads = true): Promise<RawConnection> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  let open = true;
  socket.on("error", () => undefined);
  socket.on("close", () => {
    open = false;
  });
  socket.on("end", () => {
    open = false;
  });
  await once(socket, "connect");
  if (reads) socket.resume();
  else socket.pause();
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0)]));
  return {
    socket,
    isOpen: () => open,
    send: async (chunk) => {
      if (!open || socket.write(chunk)) return;
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
    },
  };
}
