import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The contracts as they are written: descriptors, and the comment of everything by its full name. */
export type Contract = {
  readonly registry: FileRegistry;
  /** Our own, by name. */
  readonly services: readonly DescService[];
  /** `oi.payments.v1.Money.currency` → its comment; empty without one. */
  comment(fullName: string): string;
};

/** Field numbers of descriptor.proto, which the paths of comments are made of. */
const IN_FILE = { message: 4, enum: 5, service: 6 } as const;
const IN_MESSAGE = { field: 2, message: 3, enum: 4, oneof: 8 } as const;
const IN_OTHERS = 2;

type Named = readonly [path: string, fullName: string];

function* namesInEnum(type: EnumDescriptorProto, path: string, name: string): Generator<Named> {
  yield [path, name];
  for (const [i, value] of type.value.entries()) yield [`${path},${IN_OTHERS},${i}`, `${name}.${value.name}`];
}

function* namesInMessage(type: DescriptorProto, path: string, name: string): Generator<Named> {
  yield [path, name];
  for (const [i, field] of type.field.entries())
    yield [`${path},${IN_MESSAGE.field},${i}`, `${name}.${field.name}`];
  for (const [i, oneof] of type.oneofDecl.entries())
    yield [`${path},${IN_MESSAGE.oneof},${i}`, `${name}.${oneof.name}`];
  for (const [i, nested] of type.nestedType.entries())
    yield* namesInMessage(nested, `${path},${IN_MESSAGE.message},${i}`, `${name}.${nested.name}`);
  for (const [i, nested] of type.enumType.entries())
    yield* namesInEnum(nested, `${path},${IN_MESSAGE.enum},${i}`, `${name}.${nested.name}`);
}

function* namesIn(file: FileDescriptorProto): Generator<Named> {
  for (const [i, type] of file.messageType.entries())
    yield* namesInMessage(type, `${IN_FILE.message},${i}`, `${file.package}.${type.name}`);
  for (const [i, type] of file.enumType.entries())
    yield* namesInEnum(type, `${IN_FILE.enum},${i}`, `${file.package}.${type.name}`);
  for (const [i, service] of file.service.entries()) {
    const name = `${file.package}.${service.name}`;
    yield [`${IN_FILE.service},${i}`, name];
    for (const [j, method] of service.method.entries())
      yield [`${IN_FILE.service},${i},${IN_OTHERS},${j}`, `${name}.${method.name}`];
  }
}

function commentsOf(files: readonly FileDescriptorProto[]): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  for (const file of files) {
    const locations = file.sourceCodeInfo?.location ?? [];
    const byPath = new Map(locations.map(({ path, leadingComments }) => [path.join(), leadingComments]));
    for (const [path, name] of namesIn(file)) {
      const text = byPath.get(path)?.replaceAll(/\s*\n\s*/g, " ");
      if (text) comments.set(name, text.trim());
    }
  }
  return comments;
}

/** Reads `proto/` with buf, comments included. */
export async function readContract(): Promise<Contract> {
  const buf = join(ROOT, "node_modules/@bufbuild/buf/bin/buf");
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [buf, "build", "--as-file-descriptor-set", "-o", "-#format=binpb"],
    { cwd: join(ROOT, "proto"), encoding: "buffer", maxBuffer: 64 * 1024 * 1024 },
  );
  const set = fromBinary(FileDescriptorSetSchema, stdout);
  const registry = createFileRegistry(set);
  const comments = commentsOf(set.file);
  const services = [...registry].filter(
    (type): type is DescService => type.kind === "service" && type.typeName.startsWith("oi."),
  );
  return {
    registry,
    services: services.toSorted((a, b) => a.typeName.localeCompare(b.typeName, "en")),
    comment: (fullName) => comments.get(fullName) ?? "",
  };
}
