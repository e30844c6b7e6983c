import type { Step } from "../check-steps.ts";

/** One violation: the step of `npm run check` that must see it, by which rule, and what stands where. */
export type Violation = {
  readonly step: Step;
  /** As the step's own output calls the rule. */
  readonly rule: string;
  /** A folder gets a file of its own; a file that exists is changed. */
  readonly path: string;
  readonly text: string | ((before: string) => string);
};

type Row = readonly [rule: string, path: string, text: Violation["text"]];

const of = (step: Step, rows: readonly Row[]): readonly Violation[] =>
  rows.map(([rule, path, text]) => ({ step, rule, path, text }));

const append =
  (text: string) =>
  (before: string): string =>
    `${before}${text}\n`;

const DOMAIN = "services/ledger/src/domain/";
const APPLICATION = "services/ledger/src/application/";
const RPC = "services/ledger/src/adapters/rpc/";
const EVENTS = "services/ledger/src/adapters/events/";
const SOURCE = "services/ledger/src/";
const KERNEL = "packages/kernel/src/";
const PLATFORM = "packages/platform/src/service/";

/** Written in two halves, so that this file keeps the rules it breaks. */
const UNDONE = ["TO", "DO"].join("");
const MACHINE = ["", "home", "me", "notes"].join("/");
const LONG = `export function long(): number {\n${"  Math.abs(1);\n".repeat(61)}  return 1;\n}`;

const boundaries = of("tidy", [
  ["domainIsAlone", DOMAIN, 'import "node:fs";'],
  ["domainIsAlone", DOMAIN, 'import { systemClock } from "@oi/platform/service/clock";'],
  ["domainIsAlone", DOMAIN, 'import type { Mode } from "@oi/proto/common/v1/mode";'],
  ["domainIsAlone", DOMAIN, 'import type { LedgerReads } from "../application/ports.ts";'],
  ["domainIsAlone", DOMAIN, 'import "../adapters/postgres/rows.ts";'],
  ["domainIsAlone", DOMAIN, 'import "../config.ts";'],
  ["domainIsAlone", DOMAIN, 'const pino = await import("pino");'],
  ["kernelIsAlone", KERNEL, 'import "node:crypto";'],
  ["kernelIsAlone", KERNEL, 'import { systemClock } from "@oi/platform/service/clock";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import "@oi/platform/postgres/client";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import type { Mode } from "@oi/proto/common/v1/mode";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import "../adapters/postgres/rows.ts";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import { randomUUID } from "node:crypto";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import postgres from "postgres";'],
  ["applicationKnowsNoTechnology", APPLICATION, 'import { readConfig } from "../config.ts";'],
  ["adaptersStayApart", RPC, 'import "../postgres/rows.ts";'],
  ["adaptersStayApart", RPC, 'import { readConfig } from "../../config.ts";'],
  ["appIsARoot", RPC, 'import { createApp } from "../../app.ts";'],
  ["appIsARoot", "tools/", 'import { createApp } from "@oi/edge/app";'],
  ["appIsARoot", `${RPC}main.ts`, 'import { createApp } from "../../app.ts";'],
  ["servicesStayApart", SOURCE, 'import { createApp } from "@oi/payments/app";'],
  ["servicesStayApart", SOURCE, 'import type { Payment } from "../../payments/src/domain/payment.ts";'],
  ["servicesStayApart", PLATFORM, 'const edge = await import("@oi/edge/config");'],
  ["technologiesStayInTheirPlace", RPC, 'import postgres from "postgres";'],
  ["technologiesStayInTheirPlace", EVENTS, 'import { connect } from "nats";'],
  ["technologiesStayInTheirPlace", EVENTS, 'import { connect } from "@nats-io/transport-node";'],
  ["technologiesStayInTheirPlace", EVENTS, 'import type { Client } from "@connectrpc/connect";'],
  ["technologiesStayInTheirPlace", SOURCE, 'import { Server } from "@grpc/grpc-js";'],
  ["technologiesStayInTheirPlace", PLATFORM, 'import postgres from "postgres";'],
  ["testkitIsForTests", EVENTS, 'import { eventually } from "@oi/testkit/eventually";'],
  ["testkitIsForTests", EVENTS, 'import { sample } from "../../testing/samples.ts";'],
  ["unitTestsNeedNothing", `${DOMAIN}planted.test.ts`, 'import { testNats } from "@oi/testkit/nats";'],
]);

const pure = of("tidy", [
  ["pureCodeHasNoClock", DOMAIN, "export const now = Date.now();"],
  ["pureCodeHasNoClock", DOMAIN, "export const now = new Date();"],
  ["pureCodeHasNoClock", DOMAIN, "export const chance = Math.random();"],
  ["pureCodeHasNoClock", DOMAIN, "const { random } = Math;"],
  ["pureCodeHasNoClock", DOMAIN, "const clock = globalThis;"],
  ["pureCodeHasNoClock", DOMAIN, "export const text = new Intl.NumberFormat();"],
  ["pureCodeHasNoClock", DOMAIN, "export const text = (1).toLocaleString();"],
  ["pureCodeHasNoClock", DOMAIN, 'export const order = "a".localeCompare("b");'],
  ["pureCodeHasNoClock", KERNEL, "export const now = Date.now();"],
  ["pureCodeHasNoClock", KERNEL, "export const chance = Math.random();"],
  ["environmentIsReadOnce", SOURCE, "export const port = process.env.PORT;"],
  ["environmentIsReadOnce", RPC, "const { env } = process;"],
  ["environmentIsReadOnce", RPC, 'export const port = process["env"];'],
  ["environmentIsReadOnce", RPC, 'import { env } from "node:process";'],
  ["environmentIsReadOnce", `${RPC}config.ts`, "export const port = process.env.PORT;"],
  ["environmentIsReadOnce", PLATFORM, "export const port = process.env.PORT;"],
]);

const house = of("tidy", [
  ["platformKnowsNoBusiness", PLATFORM, 'export const stream = "PAYMENTS";'],
  ["filesAreShort", DOMAIN, "export const a = 1;\n".repeat(301)],
  ["filesAreShort", `${SOURCE}app.ts`, append("// One more line.\n".repeat(150))],
  ["namesAreKebabCase", `${DOMAIN}plantedName.ts`, "export const a = 1;"],
  ["suffixesAreKnown", `${DOMAIN}planted.spec.ts`, "export const a = 1;"],
  ["thereAreNoBarrels", `${DOMAIN}index.ts`, 'export { transaction } from "./transaction.ts";'],
  ["thereAreNoBarrels", RPC, 'export * from "./messages.ts";'],
  ["exportsAreNamed", RPC, "export default 1;"],
  ["nothingIsLeftUndone", RPC, `// ${UNDONE}: later`],
  ["migrationsSayWhy", "services/ledger/migrations/9999_planted.sql", "select 1;"],
  ["pathsAreRelative", "docs/planted.md", `See ${MACHINE}.`],
]);

/** What the compile of the pure code does not know: `types: []` and the language's own library alone. */
const absent = of("domain", [
  ["TS", DOMAIN, 'import { readFileSync } from "node:fs";\nexport const text = readFileSync("a");'],
  ["TS", DOMAIN, "export const now = process.hrtime();"],
  ["TS", DOMAIN, 'export const answer = fetch("https://example.com");'],
  ["TS", DOMAIN, "export const timer = setTimeout(() => 1, 1);"],
  ["TS", DOMAIN, "export const now = performance.now();"],
  ["TS", DOMAIN, "export const id = crypto.randomUUID();"],
  ["TS", DOMAIN, 'export const bytes = Buffer.from("a");'],
  ["TS", DOMAIN, 'console.log("a");\nexport const a = 1;'],
  ["TS", DOMAIN, "export const title = document.title;"],
  ["TS", KERNEL, 'export const answer = fetch("https://example.com");'],
]);

const types = of("types", [
  ["TS2322", SOURCE, 'export const count: number = "one";'],
  ["TS1294", SOURCE, "export enum Status {\n  OPEN,\n}"],
  ["TS1294", SOURCE, "export class A {\n  constructor(readonly b: string) {}\n}"],
  ["TS2835", SOURCE, 'import { readConfig } from "./config";\nexport const a = readConfig;'],
  ["TS1484", SOURCE, 'import { LedgerConfig } from "./config.ts";\nexport type A = LedgerConfig;'],
  ["TS2322", SOURCE, "export const first = (list: readonly string[]): string => list[0];"],
]);

const lint = of("biome", [
  ["lint/complexity/noExcessiveLinesPerFunction", SOURCE, LONG],
  [
    "lint/suspicious/noImportCycles",
    `${RPC}cycle-a.ts`,
    'import { b } from "./cycle-b.ts";\n\nexport const a = () => b;',
  ],
  [
    "lint/suspicious/noImportCycles",
    `${RPC}cycle-b.ts`,
    'import { a } from "./cycle-a.ts";\n\nexport const b = () => a;',
  ],
  [
    "lint/correctness/noUndeclaredDependencies",
    RPC,
    'import { request } from "undici";\n\nexport const a = request;',
  ],
  ["lint/nursery/noFloatingPromises", RPC, "export function a(): void {\n  Promise.resolve(1);\n}"],
  ["lint/style/noNonNullAssertion", RPC, "export const a = (b: string | null) => b!.length;"],
  ["lint/suspicious/noExplicitAny", RPC, "export const a = (b: any) => b;"],
  ["lint/style/noDefaultExport", RPC, "export default 1;"],
  ["lint/style/useNodejsImportProtocol", RPC, 'import { join } from "path";\n\nexport const a = join;'],
  [
    "lint/style/useImportType",
    RPC,
    'import { LedgerConfig } from "../../config.ts";\n\nexport type A = LedgerConfig;',
  ],
  ["lint/style/noRestrictedGlobals", DOMAIN, "export const now = () => new Date();"],
  ["lint/style/noRestrictedGlobals", DOMAIN, "export const text = () => new Intl.NumberFormat();"],
  ["lint/style/noRestrictedImports", DOMAIN, 'import { join } from "node:path";\n\nexport const a = join;'],
  [
    "lint/style/noRestrictedImports",
    DOMAIN,
    'import { a } from "../application/ports.ts";\n\nexport const b = a;',
  ],
  [
    "lint/style/noRestrictedImports",
    APPLICATION,
    'import { a } from "@oi/platform/service/clock";\n\nexport const b = a;',
  ],
  [
    "lint/style/noRestrictedImports",
    APPLICATION,
    'import { a } from "../adapters/postgres/rows.ts";\n\nexport const b = a;',
  ],
  ["lint/style/noRestrictedImports", RPC, 'import { a } from "@oi/payments/app";\n\nexport const b = a;'],
  ["format", RPC, "export   const a=1"],
  [
    "assist/source/organizeImports",
    RPC,
    'import { join } from "node:path";\nimport { once } from "node:events";\n\nexport const a = [join, once];',
  ],
]);

const unused = of("knip", [
  ["Unused files", `${RPC}planted-file.ts`, "export const a = 1;"],
  ["Unused exports", `${RPC}paging.ts`, append("export const planted = 1;")],
  ["Unused exported types", `${RPC}messages.ts`, append("export type Planted = 1;")],
  ["Unlisted dependencies", `${EVENTS}read-event.ts`, (before) => `import "undici";\n${before}`],
  [
    "Unused dependencies",
    "services/ledger/package.json",
    (before) => before.replace('"dependencies": {', '"dependencies": {\n    "ipaddr.js": "2.5.0",'),
  ],
]);

const contract = of("contract", [
  [
    "comment",
    "proto/oi/ledger/v1/planted.proto",
    'syntax = "proto3";\npackage oi.ledger.v1;\nmessage Planted {\n  string badName = 1;\n}',
  ],
]);

const pages = of("docs", [
  ["is out of date", "docs/rpc/README.md", append("Written by hand.")],
  ["belongs to no service", "docs/rpc/oi.nothing.v1.NothingService.md", "# Nothing"],
]);

export const VIOLATIONS: readonly Violation[] = [
  ...boundaries,
  ...pure,
  ...house,
  ...absent,
  ...types,
  ...lint,
  ...unused,
  ...contract,
  ...pages,
];
