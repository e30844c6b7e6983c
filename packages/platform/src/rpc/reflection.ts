import { create, type DescFile, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import { file_google_rpc_error_details } from "@oi/proto/google/rpc/error_details";
import { file_google_rpc_status } from "@oi/proto/google/rpc/status";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@oi/proto/grpc/reflection/v1/reflection";
import { ServerReflection as ServerReflectionAlpha } from "@oi/proto/grpc/reflection/v1alpha/reflection";
import type { Identify } from "./caller.ts";
import { headersOf, methodDefinition, toServiceError } from "./grpc-method.ts";
import { type OpenCalls, openCalls, type SystemService } from "./system-service.ts";

/** The contracts of a server, by everything that a client may know of them. */
type Catalogue = {
  readonly services: readonly DescService[];
  readonly byName: ReadonlyMap<string, DescFile>;
  readonly bySymbol: ReadonlyMap<string, DescFile>;
  /** Type name → number of an extension of it → where it is declared. */
  readonly extensions: ReadonlyMap<string, ReadonlyMap<number, DescFile>>;
};

function withDependencies(file: DescFile, seen = new Set<DescFile>()): Set<DescFile> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const dependency of file.dependencies) withDependencies(dependency, seen);
  return seen;
}

/** Every full name that a file declares, with those of methods, fields and enum values. */
function* symbolsOf(file: DescFile): Generator<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === "service") for (const { name } of type.methods) yield `${type.typeName}.${name}`;
    if (type.kind === "message")
      for (const { name } of [...type.fields, ...type.oneofs]) yield `${type.typeName}.${name}`;
    if (type.kind === "enum") {
      const scope = type.parent?.typeName ?? file.proto.package;
      for (const { name } of type.values) yield scope === "" ? name : `${scope}.${name}`;
    }
  }
}

function catalogueOf(services: readonly DescService[]): Catalogue {
  // No service names them in its contract, but every refusal carries them.
  const files = new Set<DescFile>();
  for (const file of [
    ...services.map(({ file }) => file),
    file_google_rpc_error_details,
    file_google_rpc_status,
  ])
    withDependencies(file, files);
  const bySymbol = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  for (const file of files) {
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, file);
    for (const type of nestedTypes(file)) {
      if (type.kind !== "extension") continue;
      const known = extensions.get(type.extendee.typeName) ?? new Map<number, DescFile>();
      extensions.set(type.extendee.typeName, known.set(type.number, file));
    }
  }
  return {
    services,
    byName: new Map([...files].map((file) => [file.proto.name, file])),
    bySymbol,
    extensions,
  };
}

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

const refused = (errorCode: Code, errorMessage: string): Answer => ({
  case: "errorResponse",
  value: { errorCode, errorMessage },
});

const encoded = new WeakMap<DescFile, Uint8Array>();

function encode(file: DescFile): Uint8Array {
  const bytes = encoded.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
  encoded.set(file, bytes);
  return bytes;
}

/** The file and what it builds on, except what this stream already got. */
function filesAnswer(file: DescFile | undefined, what: string, sent: Set<DescFile>): Answer {
  if (!file) return refused(Code.NotFound, `${what} is not known here`);
  const needed = [...withDependencies(file)].filter((each) => each === file || !sent.has(each));
  for (const each of needed) sent.add(each);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: needed.map(encode) } };
}

function answerTo(
  { messageRequest: asked }: ServerReflectionRequest,
  catalogue: Catalogue,
  sent: Set<DescFile>,
): Answer {
  switch (asked.case) {
    case "listServices": {
      const names = catalogue.services.map(({ typeName }) => typeName).toSorted();
      return { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } };
    }
    case "fileByFilename":
      return filesAnswer(catalogue.byName.get(asked.value), asked.value, sent);
    case "fileContainingSymbol": {
      const symbol = asked.value.replace(/^\./, "");
      return filesAnswer(catalogue.bySymbol.get(symbol), symbol, sent);
    }
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value;
      const file = catalogue.extensions.get(containingType)?.get(extensionNumber);
      return filesAnswer(file, `extension ${extensionNumber} of ${containingType}`, sent);
    }
    case "allExtensionNumbersOfType": {
      if (!catalogue.bySymbol.has(asked.value))
        return refused(Code.NotFound, `${asked.value} is not known here`);
      const extensionNumber = [...(catalogue.extensions.get(asked.value)?.keys() ?? [])];
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: asked.value, extensionNumber },
      };
    }
    default:
      return refused(Code.InvalidArgument, "the request asks nothing");
  }
}

type Call = Parameters<handleBidiStreamingCall<ServerReflectionRequest, ServerReflectionResponse>>[0];

function serve(call: Call, catalogue: Catalogue, calls: OpenCalls): void {
  const sent = new Set<DescFile>();
  calls.add(call, () => call.end());
  call.on("data", (request: ServerReflectionRequest) => {
    const message = create(ServerReflectionResponseSchema, {
      validHost: request.host,
      originalRequest: request,
      messageResponse: answerTo(request, catalogue, sent),
    });
    if (call.write(message)) return;
    // Whoever asks without reading the answers is not listened to meanwhile.
    call.pause();
    call.once("drain", () => call.resume());
  });
  call.on("end", () => call.end());
}

/** `grpc.reflection.v1` and `v1alpha`, whose messages are the same: a server explains its contracts itself. */
export function reflectionServices(
  mounted: readonly DescService[],
  identify: Identify,
): readonly SystemService[] {
  const descriptors = [ServerReflection, ServerReflectionAlpha];
  const catalogue = catalogueOf([...mounted, ...descriptors]);
  return descriptors.map((desc) => {
    const { method } = ServerReflection;
    const path = `/${desc.typeName}/${method.serverReflectionInfo.name}`;
    const calls = openCalls();
    const handler = (call: Call): void => {
      try {
        identify({ rpc: path.slice(1), header: headersOf(call.metadata), peer: call.getPeer() });
      } catch (error) {
        call.emit("error", toServiceError(error));
        return;
      }
      serve(call, catalogue, calls);
    };
    return {
      desc,
      definition: { info: { ...methodDefinition(method.serverReflectionInfo), path } },
      handlers: { info: handler },
      close: calls.close,
    };
  });
}
