import type { DescEnum, DescEnumValue } from "@bufbuild/protobuf";

/** `PAYMENT_STATUS_CREATED` → `CREATED`. Raises for a number that the enum does not know. */
export function enumName(schema: DescEnum, value: number): string {
  const known: DescEnumValue | undefined = schema.value[value];
  if (!known) throw new RangeError(`${schema.typeName} has no value ${value}`);
  return known.localName;
}

/** `CREATED` → its number; null for a name that the enum does not know, and for its zero value. */
export function enumNumber(schema: DescEnum, name: string): number | null {
  return schema.values.find((value) => value.number !== 0 && value.localName === name)?.number ?? null;
}
