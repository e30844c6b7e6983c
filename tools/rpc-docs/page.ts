import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  type JsonObject,
  ScalarType,
} from "@bufbuild/protobuf";
import { ERROR_REASONS } from "@oi/kernel/errors";
import type { Contract } from "./contract.ts";
import { exampleOf } from "./example.ts";
import { describeRules } from "./rules.ts";

/** The doors of each service on a laptop, by the name in its package. */
const PORTS: Readonly<Record<string, { readonly grpc: number; readonly json: number }>> = {
  payments: { grpc: 9101, json: 9201 },
  ledger: { grpc: 9102, json: 9202 },
  webhooks: { grpc: 9103, json: 9203 },
};

export function portsOf(service: DescService): { readonly grpc: number; readonly json: number } {
  const [, name = ""] = service.typeName.split(".");
  const ports = PORTS[name];
  if (!ports) throw new Error(`${service.typeName}: its ports are not in tools/rpc-docs/page.ts`);
  return ports;
}

export const pageName = (service: DescService): string => `${service.typeName}.md`;

export const isStream = (method: DescMethod): boolean => method.methodKind === "server_streaming";

/** A shell takes what stands between single quotes as it is. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A change for which a person answers: the comment of its service says so, or others are FORBIDDEN to make it. */
export function needsActor(method: DescMethod, contract: Contract): boolean {
  if (/^(Get|List|Authenticate)[A-Z]/.test(method.name)) return false;
  const service = method.parent.typeName;
  const comments = [contract.comment(service), contract.comment(`${service}.${method.name}`)];
  return comments.some((comment) => /oi-actor|FORBIDDEN/.test(comment));
}

/** What stands before a stream's request: a byte of flags, then its length in four bytes. */
export function envelopeHead(body: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(body), 1);
  return head;
}

function curlLine(method: DescMethod, example: JsonObject, actor: string): string {
  const url = `http://127.0.0.1:${portsOf(method.parent).json}/${method.parent.typeName}/${method.name}`;
  const body = JSON.stringify(example);
  if (!isStream(method)) return `curl ${url} -H 'content-type: application/json'${actor} -d ${quoted(body)}`;
  const head = [...envelopeHead(body)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return [
    `printf ${quoted(`${head}%s`)} ${quoted(body)} |`,
    `  curl ${url} -H 'content-type: application/connect+json'${actor} --data-binary @- --output -`,
  ].join("\n");
}

function bufLine(method: DescMethod, example: JsonObject, actor: string): string {
  const url = `http://127.0.0.1:${portsOf(method.parent).grpc}/${method.parent.typeName}/${method.name}`;
  return `buf curl --protocol grpc --http2-prior-knowledge --timeout 5s${actor} -d ${quoted(JSON.stringify(example))} ${url}`;
}

function typeName(field: DescField): string {
  const single = (): string => {
    if (field.fieldKind === "map") return "map";
    if (field.message) return field.message.typeName.replace(/^google\.protobuf\./, "");
    if (field.enum) return field.enum.typeName;
    return (ScalarType[field.scalar ?? 0] ?? "").toLowerCase();
  };
  const short = single().replace(/^oi\.\w+\.v\d+\./, "");
  return field.fieldKind === "list" ? `${short}[]` : short;
}

const cell = (text: string): string => text.replaceAll(/(?<!\\)\|/g, "\\|");

function fieldsTable(schema: DescMessage, contract: Contract): string {
  if (schema.fields.length === 0) return "No fields.";
  const rows = schema.fields.map((field) => {
    const comment = contract.comment(`${schema.typeName}.${field.name}`);
    const optional = field.proto.proto3Optional ? "optional" : "";
    const rules = [optional, describeRules(field)].filter((part) => part !== "").join("; ");
    return `| \`${field.jsonName}\` | ${typeName(field)} | ${cell(rules)} | ${cell(comment)} |`;
  });
  return ["| field | type | rules | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function valuesTable(type: DescEnum, contract: Contract): string {
  const rows = type.values.map(
    ({ name }) => `| \`${name}\` | ${cell(contract.comment(`${type.typeName}.${name}`))} |`,
  );
  return ["| value | meaning |", "|---|---|", ...rows].join("\n");
}

/** The messages and enums of our own that a service's requests and answers are made of, besides these themselves. */
function partsOf(service: DescService): readonly (DescMessage | DescEnum)[] {
  const tops = new Set(service.methods.flatMap(({ input, output }) => [input, output]));
  const seen = new Set<DescMessage | DescEnum>();
  const visit = (schema: DescMessage): void => {
    for (const { message, enum: enumeration } of schema.fields) {
      const part = message ?? enumeration;
      if (!part?.typeName.startsWith("oi.") || seen.has(part)) continue;
      seen.add(part);
      if (part.kind === "message") visit(part);
    }
  };
  for (const top of tops) visit(top);
  return [...seen]
    .filter((part) => part.kind === "enum" || !tops.has(part))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en"));
}

/** By name, or as those of another method of the service: "Reasons: as PauseEndpoint". */
function listsReasons({ parent }: DescMethod, comment: string): boolean {
  if (ERROR_REASONS.some((reason) => comment.includes(reason))) return true;
  const [, other] = /Reasons: (?:those of|as) (\w+)/.exec(comment) ?? [];
  return parent.methods.some(({ name }) => name === other);
}

function methodSection(method: DescMethod, contract: Contract): string {
  const name = `${method.parent.typeName}.${method.name}`;
  const comment = contract.comment(name);
  if (comment === "") throw new Error(`${name} has no comment`);
  if (!listsReasons(method, comment))
    throw new Error(`${name}: its comment lists none of the reasons it refuses with`);
  const example = exampleOf(method, contract.registry);
  const actor = needsActor(method, contract) ? " -H 'oi-actor: rahim'" : "";
  return [
    `## ${method.name}`,
    comment,
    ["```sh", curlLine(method, example, actor), bufLine(method, example, actor), "```"].join("\n"),
    `**${method.input.name}**. ${contract.comment(method.input.typeName)}`,
    fieldsTable(method.input, contract),
    `**${method.output.name}**${isStream(method) ? ", a stream of them" : ""}. ${contract.comment(method.output.typeName)}`,
    fieldsTable(method.output, contract),
  ].join("\n\n");
}

/** One service as a page for people. Raises for an RPC without comment, reasons or an example that its rules accept. */
export function servicePage(service: DescService, contract: Contract): string {
  const parts = partsOf(service).map((part) =>
    [
      `### ${part.name}`,
      contract.comment(part.typeName),
      part.kind === "message" ? fieldsTable(part, contract) : valuesTable(part, contract),
    ].join("\n\n"),
  );
  const { grpc, json } = portsOf(service);
  return `${[
    `# ${service.typeName}`,
    contract.comment(service.typeName),
    `gRPC on port ${grpc}, JSON on port ${json} of a laptop; 9090 and 9464 in production. Generated by \`node tools/rpc-docs.ts\`.`,
    ...service.methods.map((method) => methodSection(method, contract)),
    ...(parts.length > 0 ? ["## Parts", ...parts] : []),
  ].join("\n\n")}\n`;
}
