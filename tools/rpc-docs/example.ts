import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { isRequired, ruleOf, rulesOf } from "./rules.ts";

/** Values that say what a field is for, by its JSON name. A field that is named here is shown although it is optional. */
const VALUES: Readonly<Record<string, JsonValue>> = {
  actor: "rahim",
  amount: { amountMinor: "50000", currency: "BDT" },
  amountMinor: "50000",
  apiKey: "oi_test_example",
  apiSecret: "a-secret-of-the-credential",
  currency: "BDT",
  customerReference: "customer-17",
  eventUuid: "0197a1b2-0000-7000-8000-000000000001",
  description: "Corrected by hand",
  idempotencyKey: "example-1",
  method: "POST",
  pageSize: 20,
  path: "Assets:Gateway:Sslcommerz:Receivable",
  productName: "Tea, 100 g",
  reason: "The customer sent it back",
  reference: "pay_1111111111111111111111",
  requestId: "req-1",
  url: "https://shop.example/webhooks",
  webhookUrl: "https://shop.example/webhooks",
};

/** Where the rules alone do not lead to a request that makes sense. */
const REQUESTS: Readonly<Record<string, JsonObject>> = {
  "oi.ledger.v1.AdjustmentsService/ProposeAdjustment": {
    book: { applicationId: "1", mode: "MODE_TEST" },
    template: { name: "release-late-money", currency: "BDT", amountMinor: "50000", ref: "late:55" },
    reason: "The payment came after its checkout had closed",
    idempotencyKey: "example-1",
  },
  "oi.ledger.v1.LedgerService/ListTransactions": {
    book: { applicationId: "1", mode: "MODE_TEST" },
    reference: "payment:100",
    pageSize: 20,
  },
  "oi.payments.v1.ApplicationsService/RegisterApplication": {
    name: "Storefront",
    webhookUrl: "https://shop.example/webhooks",
    idempotencyKey: "example-1",
  },
  "oi.payments.v1.ApplicationsService/UpdateSettings": { applicationId: "1", receiptsEnabled: true },
  "oi.payments.v1.PaymentsService/GetPayment": { applicationId: "1", mode: "MODE_TEST", id: "100" },
  "oi.payments.v1.PaymentsService/ListPayments": {
    applicationId: "1",
    mode: "MODE_TEST",
    customerReference: "customer-17",
    pageSize: 20,
  },
  "oi.webhooks.v1.DeliveriesService/ListAttempts": {
    applicationId: "1",
    mode: "MODE_TEST",
    deliveryId: "1",
    pageSize: 20,
  },
  "oi.payments.v1.CheckoutService/RecordGatewayCallback": {
    gateway: "SSLCOMMERZ",
    channel: "CALLBACK_CHANNEL_NOTIFICATION",
    method: "POST",
    contentType: "application/x-www-form-urlencoded",
    body: Buffer.from("tran_id=example&status=VALID").toString("base64"),
  },
};

/** Long ago for whoever copies it, so that every page stays the same. */
export const EXAMPLE_TIME = "2026-01-31T18:00:00Z";

const TIMESTAMP = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";

function enumValue(type: DescEnum): JsonValue {
  return (type.values.find(({ number }) => number !== 0) ?? type.values[0])?.name ?? 0;
}

function leastNumber(field: DescField): bigint {
  const gt = ruleOf(field, "gt");
  const gte = ruleOf(field, "gte");
  if (gt !== undefined) return BigInt(gt as bigint | number) + 1n;
  return gte === undefined ? 1n : BigInt(gte as bigint | number);
}

const LONG = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

function scalarValue(field: DescField, scalar: ScalarType): JsonValue {
  if (scalar === ScalarType.BOOL) return true;
  if (scalar === ScalarType.BYTES) return "";
  if (scalar === ScalarType.STRING) {
    const [choice] = (ruleOf(field, "in") as string[] | undefined) ?? [];
    return choice ?? "example".padEnd(Number(ruleOf(field, "min_len") ?? 0), "x");
  }
  const number = leastNumber(field);
  return LONG.has(scalar) ? String(number) : Number(number);
}

function singleValue(field: DescField, type: Pick<DescField, "message" | "enum" | "scalar">): JsonValue {
  if (type.message?.typeName === TIMESTAMP) return EXAMPLE_TIME;
  if (type.message?.typeName === DURATION) return "60s";
  if (type.message) return messageExample(type.message);
  if (type.enum) return enumValue(type.enum);
  return scalarValue(field, type.scalar ?? ScalarType.STRING);
}

function exampleValue(field: DescField): JsonValue {
  const named = VALUES[field.jsonName];
  if (field.fieldKind === "map") return {};
  if (field.fieldKind === "list") return [singleValue(field, field)];
  const takesNamed = typeof named !== "object" ? field.scalar !== undefined : field.message !== undefined;
  return named !== undefined && takesNamed ? named : singleValue(field, field);
}

/** Shown: what is required, by rule or because the empty value is refused, and what {@link VALUES} names. */
function isShown(field: DescField): boolean {
  if (isRequired(field) || (!field.proto.proto3Optional && VALUES[field.jsonName] !== undefined)) return true;
  if (field.proto.proto3Optional || rulesOf(field).type.case === undefined) return false;
  const least = ["min_len", "min_bytes", "min_items", "in", "len", "uuid"].some((rule) =>
    Boolean(ruleOf(field, rule)),
  );
  const isAboveZero = Number(ruleOf(field, "gt") ?? -1) >= 0 || Number(ruleOf(field, "gte") ?? 0) > 0;
  return least || isAboveZero || Boolean((ruleOf(field, "not_in") as unknown[] | undefined)?.length);
}

function messageExample(schema: DescMessage): JsonObject {
  const example: JsonObject = {};
  const chosen = new Set<string>();
  for (const field of schema.fields) {
    const choice = field.oneof && !field.proto.proto3Optional ? field.oneof.name : null;
    if (!isShown(field) || (choice !== null && chosen.has(choice))) continue;
    if (choice !== null) chosen.add(choice);
    example[field.jsonName] = exampleValue(field);
  }
  return example;
}

const validator = createValidator();

/** A request that the contract's rules accept. Raises when the rules alone do not lead to one. */
export function exampleOf(method: DescMethod, registry: Registry): JsonObject {
  const name = `${method.parent.typeName}/${method.name}`;
  const example = REQUESTS[name] ?? messageExample(method.input);
  const result = validator.validate(method.input, fromJson(method.input, example, { registry }));
  if (result.kind === "valid") return example;
  const problem = result.kind === "error" ? result.error.message : result.violations.map(String).join("; ");
  throw new Error(
    `${name}: write an example into tools/rpc-docs/example.ts, the one from the rules breaks them: ${problem}`,
  );
}
