import { type DescField, getOption, isFieldSet, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldRules,
  oneof as oneofRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

export function rulesOf(field: DescField): FieldRules {
  return getOption(field, fieldRules);
}

/** Whether a request without this field is refused. */
export function isRequired(field: DescField): boolean {
  if (rulesOf(field).required) return true;
  return field.oneof !== undefined && getOption(field.oneof, oneofRules).required;
}

/** The value of one rule of a field's type: `ruleOf(field, "min_len")`. */
export function ruleOf(field: DescField, name: string): unknown {
  const { type } = rulesOf(field);
  return type.case === undefined ? undefined : known(type.value).get(name);
}

/** The rules that are written down, by name. */
function known(rules: Message): ReadonlyMap<string, unknown> {
  const desc = FieldRulesSchema.fields.find(({ message }) => message?.typeName === rules.$typeName)?.message;
  if (!desc) return new Map();
  const seen = reflect(desc, rules as never);
  const set = desc.fields.filter((each) => isFieldSet(rules as never, each));
  return new Map(set.map((each) => [each.name, plain(seen.get(each))]));
}

/** Lists come as reflected views; everything else as it is. */
function plain(value: unknown): unknown {
  return typeof value === "object" &&
    value !== null &&
    Symbol.iterator in value &&
    !(value instanceof Uint8Array)
    ? [...(value as Iterable<unknown>)]
    : value;
}

const count = (value: unknown): string => String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");

const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  min_len: (value) => `at least ${count(value)} characters`,
  max_len: (value) => `at most ${count(value)} characters`,
  len: (value) => `exactly ${count(value)} characters`,
  min_bytes: (value) => `at least ${count(value)} bytes`,
  max_bytes: (value) => `at most ${count(value)} bytes`,
  pattern: (value) => `matches \`${String(value).replaceAll("|", "\\|")}\``,
  prefix: (value) => `begins with \`${value}\``,
  email: () => "an email address",
  uri: () => "a URI",
  uuid: () => "a UUID",
  gt: (value) => `more than ${count(value)}`,
  gte: (value) => `at least ${count(value)}`,
  lt: (value) => `less than ${count(value)}`,
  lte: (value) => `at most ${count(value)}`,
  in: (value) => `one of ${(value as unknown[]).map((item) => `\`${item}\``).join(", ")}`,
  not_in: () => "",
  defined_only: () => "",
  min_items: (value) => `at least ${count(value)} items`,
  max_items: (value) => `at most ${count(value)} items`,
  min_pairs: (value) => `at least ${count(value)} entries`,
  max_pairs: (value) => `at most ${count(value)} entries`,
  keys: () => "",
  values: () => "",
  unique: () => "no two the same",
  items: () => "",
  const: (value) => `always ${value}`,
};

/** What a field's value must keep to, in words; empty without rules. Raises for a rule that has no words yet. */
export function describeRules(field: DescField): string {
  const { type, cel } = rulesOf(field);
  const words = isRequired(field) ? ["required"] : [];
  for (const [name, value] of type.case === undefined ? [] : known(type.value)) {
    const phrase = WORDS[name];
    if (!phrase) throw new Error(`${field}: the rule ${name} has no words in tools/rpc-docs/rules.ts`);
    // Unspecified is the one value of an enum that rules forbid.
    words.push(name === "not_in" && field.enum ? "required" : phrase(value));
  }
  words.push(...cel.map(({ message }) => message));
  return [...new Set(words.filter((word) => word !== ""))].join("; ");
}
