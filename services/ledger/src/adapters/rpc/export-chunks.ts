import type { ExportStep } from "../../application/export-book.ts";

export type HashStream = {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
};

export type ExportPiece =
  | { readonly chunk: Uint8Array<ArrayBuffer> }
  | {
      readonly end: Extract<ExportStep, { readonly step: "END" }>;
      readonly sha256: Uint8Array<ArrayBuffer>;
      readonly sizeBytes: number;
    };

const CHUNK_BYTES = 64 * 1024;

/** Texts as chunks of at most 64 KiB, and at the end what they add up to. */
export async function* chunked(
  steps: AsyncIterable<ExportStep>,
  hash: HashStream,
): AsyncIterable<ExportPiece> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let sizeBytes = 0;
  for await (const step of steps) {
    if (step.step === "TEXT") {
      const bytes = new TextEncoder().encode(step.text);
      hash.update(bytes);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      sizeBytes += bytes.length;
      if (waitingBytes < CHUNK_BYTES) continue;
    }
    const whole = joined(waiting, waitingBytes);
    for (let at = 0; at < whole.length; at += CHUNK_BYTES) yield { chunk: whole.slice(at, at + CHUNK_BYTES) };
    waiting = [];
    waitingBytes = 0;
    if (step.step === "END") yield { end: step, sha256: new Uint8Array(hash.digest()), sizeBytes };
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
