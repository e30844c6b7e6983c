import { assert } from "@oi/kernel/assert";
import type { Scope } from "@oi/kernel/scope";
import { modeToProto } from "@oi/proto/public/scope";

export function scopeFields({ applicationId, mode }: Scope) {
  return { applicationId: BigInt(applicationId), mode: modeToProto(mode) };
}

/** A message's field cannot say "required" of an answer; a service that leaves this out is broken. */
export function required<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `an answer came without ${name}`);
  return value;
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** An absent field stays absent on the wire, so that a service sees what the merchant sent. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
