import { writeFileSync } from "node:fs";
import type { DescEnum, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/**
 * Prints `buf/validate/validate.proto` from the descriptor inside @bufbuild/protovalidate, since the package ships
 * no .proto file. Only the shapes are printed: the rules' own definitions are evaluated by the library, and the
 * generated code imports the library's types. Run it again after an upgrade of the library.
 */
const file: DescFile = file_buf_validate_validate;

function fieldType(field: DescField): string {
  const names: Record<number, string> = {
    1: "double",
    2: "float",
    3: "int64",
    4: "uint64",
    5: "int32",
    6: "fixed64",
    7: "fixed32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
    15: "sfixed32",
    16: "sfixed64",
    17: "sint32",
    18: "sint64",
  };
  return field.proto.typeName || (names[field.proto.type] ?? "");
}

function printField(field: DescField, indent: string): string {
  const repeated = field.fieldKind === "list";
  const label = field.oneof ? "" : repeated ? "repeated " : "optional ";
  return `${indent}${label}${fieldType(field)} ${field.name} = ${field.number};`;
}

function printEnum(desc: DescEnum, indent: string): string {
  const values = desc.values.map((v) => `${indent}  ${v.name} = ${v.number};`);
  const alias =
    new Set(desc.values.map((v) => v.number)).size < desc.values.length
      ? [`${indent}  option allow_alias = true;`]
      : [];
  return [`${indent}enum ${desc.name} {`, ...alias, ...values, `${indent}}`].join("\n");
}

function printMessage(desc: DescMessage, indent = ""): string {
  const inner = `${indent}  `;
  const lines = [`${indent}message ${desc.name} {`];
  for (const nested of desc.nestedEnums) lines.push(printEnum(nested, inner));
  for (const nested of desc.nestedMessages) lines.push(printMessage(nested, inner));
  for (const field of desc.fields) if (!field.oneof) lines.push(printField(field, inner));
  for (const oneof of desc.oneofs) {
    const fields = oneof.fields.map((f) => printField(f, `${inner}  `));
    lines.push(`${inner}oneof ${oneof.name} {`, ...fields, `${inner}}`);
  }
  for (const range of desc.proto.extensionRange) {
    lines.push(
      `${inner}extensions ${range.start} to ${(range.end ?? 0) >= 536870912 ? "max" : (range.end ?? 0) - 1};`,
    );
  }
  lines.push(`${indent}}`);
  return lines.join("\n");
}

const extensions = file.extensions.map(
  (e) =>
    `extend ${e.extendee.typeName.replace(/^/, ".")} {\n  optional .${e.message?.typeName} ${e.name} = ${e.number};\n}`,
);
const text = [
  "// Printed by tools/print-validate-proto.ts from the descriptor of @bufbuild/protovalidate (Apache-2.0,",
  "// Copyright Buf Technologies, Inc.). Shapes only.",
  'syntax = "proto2";',
  "package buf.validate;",
  'import "google/protobuf/descriptor.proto";',
  'import "google/protobuf/duration.proto";',
  'import "google/protobuf/field_mask.proto";',
  'import "google/protobuf/timestamp.proto";',
  ...file.enums.map((e) => printEnum(e, "")),
  ...file.messages.map((m) => printMessage(m)),
  ...extensions,
];
writeFileSync(new URL("../proto/buf/validate/validate.proto", import.meta.url), `${text.join("\n\n")}\n`);
