import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERROR_REASONS } from "@oi/kernel/errors";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { TSchema } from "typebox";
import { Check } from "typebox/value";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPERATIONS } from "./adapters/http/docs/operations.ts";
import { Payment } from "./adapters/http/docs/schemas.ts";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import { ERROR_CATALOGUE } from "./domain/error-catalogue.ts";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";

/** Real: HTTP, the app, the reference. Doubles: services of a few lines. Oracle: the OpenAPI 3.1 schema, contract §2. */
type Json = Record<string, unknown>;
type Media = { schema: Json; example?: unknown; examples?: Record<string, { $ref: string }> };
type Described = {
  operationId: string;
  security: Json[];
  parameters?: { name: string; in: string; schema: Json; example?: unknown; description?: string }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; headers?: Json; content?: Record<string, Media> }>;
};

let edge: EdgeHarness;
let document: {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, Json>;
    examples: Record<string, { value: { meta: { errorCode: string; message: string } } }>;
  };
};
let operations: (readonly [key: string, operation: Described])[];

beforeAll(async () => {
  edge = await startEdge();
  edge.checkouts.put(CHECKOUT);
  document = JSON.parse((await edge.send("GET", "/docs/openapi.json")).text);
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
    ),
  );
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});

const jsonOf = (content: Record<string, Media> | undefined): Media | undefined =>
  content?.["application/json"];

/** A schema of the document with its references put in place, so that it can be applied by itself. */
function whole(schema: unknown): TSchema {
  const text = JSON.stringify(schema, (_, part) => {
    const name = part?.$ref?.match(/^#\/components\/schemas\/(\w+)$/)?.[1];
    return name === undefined ? part : whole(document.components.schemas[name]);
  });
  return JSON.parse(text);
}

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1 and names this deployment", async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(document.openapi).toBe("3.1.0");
    expect(document.servers).toEqual([{ url: expect.stringMatching(/^http:\/\/localhost:\d+$/) }]);
  });

  test("names exactly the routes that are there", async () => {
    expect(operations.map(([key]) => key).sort()).toEqual(Object.keys(OPERATIONS).sort());
    for (const [key] of operations) {
      const [method = "", template = ""] = key.split(" ");
      const path = template.replace("{id}", "1").replace("{reference}", CHECKOUT.reference);
      const { allow } = (await edge.send("OPTIONS", path)).headers;
      expect(`${allow}`.split(", ")).toContain(method);
    }
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("every path that a route file names is described or one of the reference's own", () => {
    const folder = fileURLToPath(new URL("./adapters/http/", import.meta.url));
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("-routes.ts"),
    );
    const named = files.flatMap((name) => {
      const text = readFileSync(`${folder}${name}`, "utf8");
      return [...text.matchAll(/["`](\/(?:api|checkout|admin|pay)\b[^"`$\s]*)["`]/g)].map(
        ([, path = ""]) => path,
      );
    });
    const described = Object.keys(document.paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ":$1"));
    const unlisted = named.filter((path) => !described.some((known) => known.startsWith(path)));
    expect(named.length).toBeGreaterThan(5);
    expect(unlisted).toEqual([]);
  });

  test("every operation has words, and an example for what goes in and what comes out", () => {
    for (const [key, { parameters = [], requestBody, responses }] of operations) {
      for (const { content = {} } of Object.values(responses)) {
        for (const media of Object.values(content))
          expect(media.example ?? media.examples, key).toBeDefined();
      }
      for (const media of Object.values(requestBody?.content ?? {})) expect(media.example, key).toBeDefined();
      for (const parameter of parameters.filter((one) => one.in !== "query")) {
        expect(parameter, key).toMatchObject({ description: expect.any(String), example: expect.anything() });
        expect(Check(parameter.schema as TSchema, parameter.example), `${key} ${parameter.name}`).toBe(true);
      }
      expect(
        Object.keys(responses).some((status) => Number(status) >= 400),
        key,
      ).toBe(true);
    }
  });

  test("every example obeys its schema", () => {
    let checked = 0;
    for (const [key, { requestBody, responses }] of operations) {
      const media = [
        jsonOf(requestBody?.content),
        ...Object.values(responses).map(({ content }) => jsonOf(content)),
      ];
      for (const { schema, example, examples = {} } of media.filter((one) => one !== undefined)) {
        const references = Object.values(examples).map(({ $ref }) => $ref.split("/").at(-1) ?? "");
        const values = references.map((name) => document.components.examples[name]?.value);
        if (example !== undefined) values.push(example as never);
        for (const value of values) {
          expect(Check(whole(schema), value), `${key}: ${JSON.stringify(value)}`).toBe(true);
          checked += 1;
        }
      }
    }
    expect(checked).toBeGreaterThan(40);
    expect(Check(Payment, { ...(Payment.properties as object) })).toBe(false);
  });

  test("the examples that go in are taken, and what comes out has the schema's keys", async () => {
    const create = operations.find(([key]) => key === "POST /api/v1/payments")?.[1];
    const answer = await edge.call("POST", "/api/v1/payments", jsonOf(create?.requestBody?.content)?.example);
    expect(answer.status).toBe(201);
    const { data } = JSON.parse(answer.text);
    expect(Object.keys(data)).toEqual(Object.keys(document.components.schemas.Payment?.properties as object));
    const context = await edge.send("GET", `/api/v1/checkout/${CHECKOUT.reference}`);
    const keys = Object.keys(document.components.schemas.Checkout?.properties as object);
    expect(Object.keys(JSON.parse(context.text).data)).toEqual(keys);
    for (const [schema, text] of [
      [create?.responses["201"], answer.text],
      [document.paths["/api/v1/checkout/{reference}"]?.get?.responses["200"], context.text],
    ] as const) {
      expect(Check(whole(jsonOf(schema?.content)?.schema), JSON.parse(text))).toBe(true);
    }
  });

  test("credentials are asked for where they are needed", () => {
    const needing = operations.filter(([, { security }]) => security.length > 0).map(([key]) => key);
    expect(needing.sort()).toEqual([
      "GET /api/v1/app/me",
      "GET /api/v1/payments",
      "GET /api/v1/payments/{id}",
      "GET /api/v1/payments/{id}/receipt",
      "GET /api/v1/payments/{id}/refunds",
      "GET /api/v1/payments/{id}/timeline",
      "GET /api/v1/refunds/{id}",
      "POST /api/v1/payments",
      "POST /api/v1/payments/{id}/refunds",
    ]);
  });
});

describe("/docs/errors", () => {
  test("has one entry for every reason, in English and Bangla, with an example", async () => {
    const answer = await edge.send("GET", "/docs/errors");
    expect(answer.status).toBe(200);
    for (const reason of ERROR_REASONS) {
      const { meaning, causes, bangla } = ERROR_CATALOGUE[reason];
      const start = answer.text.indexOf(`<section id="${reason}">`);
      const section = answer.text.slice(start, answer.text.indexOf("</section>", start));
      expect(start, reason).toBeGreaterThan(0);
      expect(section).toContain(meaning.replaceAll("'", "&#39;"));
      expect(section.match(/<li>/g)).toHaveLength(causes.length);
      expect(section).toContain(bangla.meaning);
      expect(bangla.meaning + bangla.remedy).toMatch(/[\u0980-\u09ff]/);
      expect(section).toContain("Retry?");
      expect(section).toContain(`/docs/errors#${reason}`);
    }
    expect(answer.text.match(/<section /g)).toHaveLength(ERROR_REASONS.length);
  });

  test("is where every refusal leads", async () => {
    const page = (await edge.send("GET", "/docs/errors")).text;
    const refused = await edge.send("GET", "/api/v1/app/me");
    expectRefusal(refused, 401, "UNAUTHORIZED");
    const address = new URL(/<([^>]+)>/.exec(`${refused.headers.link}`)?.[1] ?? "");
    expect(address.pathname).toBe("/docs/errors");
    expect(page).toContain(`id="${address.hash.slice(1)}"`);
  });
});

describe("the pages", () => {
  test("ask nothing of another origin and carry the policy that would stop it", async () => {
    for (const path of ["/docs", "/docs/errors"]) {
      const { headers, text } = await edge.send("GET", path);
      expect(headers["content-type"]).toBe("text/html; charset=utf-8");
      const policy = `${headers["content-security-policy"]}`.split("; ");
      expect(policy).toEqual(
        expect.arrayContaining([
          "script-src 'self'",
          "style-src 'self' 'unsafe-inline'",
          "connect-src 'self'",
        ]),
      );
      expect(text.match(/(?:src|href)="(?!\/docs|#|data:)[^"]*"/g)).toBeNull();
      expect(text).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
    }
  });

  test("every file that the reference page names is served, packed when the browser can read that", async () => {
    const { text } = await edge.send("GET", "/docs");
    const names = [...text.matchAll(/"(\/docs\/assets\/[^"]+)"/g)].map(([, name = ""]) => name);
    expect(names).toHaveLength(3);
    for (const name of names) {
      const plain = await edge.send("GET", name);
      expect(plain).toMatchObject({
        status: 200,
        headers: { "content-length": String(Buffer.byteLength(plain.text)) },
      });
      const { etag = "" } = plain.headers;
      const again = await edge.send("GET", name, { headers: { "if-none-match": etag } });
      expect(again).toMatchObject({ status: 304, text: "" });
    }
    const packed = await fetch(`${edge.app.url}${names[2]}`, { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(await packed.text()).toContain("/docs/openapi.json");
  });

  test.each([
    "x",
    "..%2f..%2fpackage.json",
    "package.json",
    "constructor",
    "__proto__",
    "swagger-initializer.js",
  ])("no other file is: %s", async (name) => {
    expectRefusal(await edge.send("GET", `/docs/assets/${name}`), 404, "RESOURCE_NOT_FOUND");
  });

  test("can be turned off, and then nothing points at them", async () => {
    await using bare = await startEdge({ env: { DOCS: "off" } });
    for (const path of ["/docs", "/docs/errors", "/docs/openapi.json", "/docs/assets/reference.js"]) {
      const answer = await bare.send("GET", path);
      expect(answer.status).toBe(404);
      expect(answer.headers.link).toBeUndefined();
      expect(JSON.parse(answer.text).meta.message).toBe("There is nothing at this path.");
    }
  });
});
