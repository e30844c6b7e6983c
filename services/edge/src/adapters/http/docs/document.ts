import swagger from "@fastify/swagger";
import { DomainError, ERROR_REASONS, type ErrorReason } from "@oi/kernel/errors";
import { ERROR_MAP } from "@oi/platform/rpc/error-map";
import type { FastifyInstance, FastifySchema } from "fastify";
import { ERROR_CATALOGUE } from "../../../domain/error-catalogue.ts";
import { retryAfterSeconds } from "../../../domain/retry.ts";
import type { ErrorLinks } from "../error-links.ts";
import { refusalExample } from "./examples.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { Receipt, Refund, TimelineEntry } from "./paid-schemas.ts";
import { publicSchema } from "./public-schema.ts";
import { Application, Checkout, failure, Payment } from "./schemas.ts";

type Json = Record<string, unknown>;
type Draft = { readonly parameters?: readonly Json[]; readonly requestBody?: Json };

const RATE_HEADERS = ["RateLimit-Policy", "RateLimit"];
const headerRefs = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const header = (description: string, example: string): Json => ({
  description,
  schema: { type: "string" },
  example,
});

const HEADERS: Json = {
  "X-Request-Id": header("Names this request in our logs; a caller's own is kept.", "order-1001"),
  Link: header(
    "The page that explains the refusal.",
    '<http://localhost:8080/docs/errors#RATE_LIMITED>; rel="help"',
  ),
  "X-Should-Retry": header("Whether an unchanged repeat makes sense.", "true"),
  "Retry-After": header("Whole seconds to wait; wins over every other hint.", "1"),
  "RateLimit-Policy": header("Requests per second and credential.", '"default";q=100;w=1'),
  RateLimit: header("What is left of them.", '"default";r=99;t=1'),
  Location: header("Where the browser goes on.", "http://localhost:8080/checkout/pay_7YKn4Yw1Rv8tqkJm2bXc5D"),
};

function refusals(reasons: readonly ErrorReason[]): Json {
  const byStatus = Map.groupBy(reasons, (reason) => String(ERROR_MAP[reason].http));
  const responses = [...byStatus].map(([status, group]) => {
    const retried = group.some((reason) => retryAfterSeconds(new DomainError(reason, "")) !== null);
    const names = ["X-Request-Id", "Link", "X-Should-Retry", ...(retried ? ["Retry-After"] : [])];
    const examples = group.map((reason) => [reason, { $ref: `#/components/examples/${reason}` }]);
    return [
      status,
      {
        description: group.map((reason) => ERROR_CATALOGUE[reason].meaning).join(" Or: "),
        headers: headerRefs(names),
        content: {
          "application/json": {
            schema: { $ref: "#/components/schemas/Failure" },
            examples: Object.fromEntries(examples),
          },
        },
      },
    ];
  });
  return Object.fromEntries(responses);
}

function answerContent({ json, html, events }: Operation["answer"]): Json {
  const text = (type: string, example: string): Json => ({
    content: { [type]: { schema: { type: "string" }, example } },
  });
  if (json !== undefined)
    return { content: { "application/json": { schema: json.schema, example: json.example } } };
  if (events !== undefined) return text("text/event-stream", events);
  return html === undefined ? {} : text("text/html", html);
}

function responsesOf({ answer, errors }: Operation): Json {
  const needsCaller = errors.includes("UNAUTHORIZED");
  const names = [
    "X-Request-Id",
    ...(needsCaller ? RATE_HEADERS : []),
    ...(answer.location ? ["Location"] : []),
  ];
  const { description } = answer;
  const success = { description, headers: headerRefs(names), ...answerContent(answer) };
  return { [answer.status]: success, ...refusals(errors) };
}

function parametersOf({ parameters = {} }: Operation, draft: Draft): readonly Json[] {
  const known = (draft.parameters ?? []).map((parameter) => ({
    ...parameter,
    ...parameters[String(parameter.name)],
  }));
  const headers = Object.entries(parameters).filter(([, parameter]) => parameter.in === "header");
  return [...known, ...headers.map(([name, parameter]) => ({ name, required: false, ...parameter }))];
}

function bodyOf({ body }: Operation, { requestBody }: Draft): Json {
  if (body === undefined) return {};
  const type = body.type ?? "application/json";
  const drafted = (requestBody?.content as Record<string, Json> | undefined)?.[type];
  const schema = drafted?.schema ?? { type: "string" };
  return {
    requestBody: { required: drafted !== undefined, content: { [type]: { schema, example: body.example } } },
  };
}

/** A route without words, or words without a route, is a mistake of ours. */
function wordsOf(key: string): Operation {
  const operation = OPERATIONS[key];
  if (!operation) throw new Error(`${key} is not in the table of operations`);
  return operation;
}

function describePaths(drafts: Readonly<Record<string, Readonly<Record<string, Draft>>>>): Json {
  const paths = Object.entries(drafts).map(([path, methods]) => {
    const operations = Object.entries(methods).map(([method, draft]) => {
      const operation = wordsOf(`${method.toUpperCase()} ${path}`);
      const { operationId, tag, summary, description, errors } = operation;
      const parameters = parametersOf(operation, draft);
      return [
        method,
        {
          operationId,
          tags: [tag],
          summary,
          description,
          security: errors.includes("UNAUTHORIZED") ? [{ apiKey: [], apiSecret: [] }] : [],
          ...(parameters.length === 0 ? {} : { parameters }),
          ...bodyOf(operation, draft),
          responses: responsesOf(operation),
        },
      ];
    });
    return [path, Object.fromEntries(operations)];
  });
  return Object.fromEntries(paths);
}

const NAMED: Readonly<Record<string, object>> = {
  Payment,
  Refund,
  Receipt,
  TimelineEntry,
  Checkout,
  Application,
};

/** Every schema that has a name as a reference to it. */
function withReferences(value: Json): Json {
  const names = new Map(Object.entries(NAMED).map(([name, schema]) => [schema, name]));
  return JSON.parse(
    JSON.stringify(value, (_, part) => {
      const name = names.get(part);
      return name === undefined ? part : { $ref: `#/components/schemas/${name}` };
    }),
  );
}

const keyHeader = (name: string) => ({ type: "apiKey", in: "header", name });

function components(links: ErrorLinks): Json {
  const examples = ERROR_REASONS.map((reason) => [
    reason,
    { summary: ERROR_CATALOGUE[reason].meaning, value: refusalExample(reason, links.of(reason) ?? "") },
  ]);
  return {
    schemas: { ...NAMED, Failure: failure(ERROR_REASONS) },
    examples: Object.fromEntries(examples),
    headers: HEADERS,
    securitySchemes: { apiKey: keyHeader("X-Api-Key"), apiSecret: keyHeader("X-Api-Secret") },
  };
}

const INFO = {
  title: "OI Payments",
  version: "1.0.0",
  description:
    "Take payments with a redirect. Amounts are whole minor units; every answer is in one envelope; writes may carry an Idempotency-Key.",
};

/** Watches the routes that are registered from now on; `app.swagger()` then gives the document. */
export async function watchRoutes(
  app: FastifyInstance,
  options: { readonly publicUrl: () => string; readonly links: ErrorLinks },
): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: "3.1.0", info: INFO },
    stripBasePath: false,
    convertConstToEnum: false,
    transform: ({ schema, url }) => ({ schema: publicSchema(schema ?? {}) as FastifySchema, url }),
    transformObject: (drafted) => {
      const { paths } = "openapiObject" in drafted ? drafted.openapiObject : {};
      const document = {
        openapi: "3.1.0",
        info: INFO,
        servers: [{ url: options.publicUrl() }],
        security: [],
        tags: ["Payments", "Refunds", "Application", "Checkout", "Gateway"].map((name) => ({ name })),
        paths: withReferences(describePaths((paths ?? {}) as Record<string, Record<string, Draft>>)),
        components: components(options.links),
      };
      return JSON.parse(JSON.stringify(document));
    },
  });
}
