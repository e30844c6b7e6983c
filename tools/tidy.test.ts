import { describe, expect, it } from "vitest";
import { scan } from "./tidy/scan.ts";
import { sourceFile } from "./tidy/source.ts";
import { violationsOf } from "./tidy.ts";

const rulesBroken = (path: string, text: string): readonly string[] =>
  violationsOf(sourceFile(path, text)).map(({ rule }) => rule);

const lines = (count: number): string => "const x = 1;\n".repeat(count);
const UNDONE = ["TO", "DO"].join("");
const MACHINE = ["", "home", "me", "x"].join("/");

/** Each row plants one violation: the rule that must see it, where it is, and what stands there. */
const PLANTED: readonly (readonly [rule: string, path: string, text: string])[] = [
  ["servicesStayApart", "services/edge/src/app.ts", 'import { a } from "@oi/payments/domain/payment";'],
  [
    "servicesStayApart",
    "services/edge/src/adapters/http/a.ts",
    'import "../../../../ledger/src/domain/book.ts";',
  ],
  ["servicesStayApart", "packages/platform/src/a.ts", 'const a = await import("@oi/webhooks/app");'],
  ["domainIsAlone", "services/ledger/src/domain/book.ts", 'import { readFile } from "node:fs";'],
  [
    "domainIsAlone",
    "services/ledger/src/domain/book.ts",
    'import type { A } from "../application/ports.ts";',
  ],
  ["kernelIsAlone", "packages/kernel/src/money.ts", 'export { a } from "@oi/platform/service/clock";'],
  [
    "applicationKnowsNoTechnology",
    "services/ledger/src/application/post.ts",
    'import { a } from "@oi/platform/a";',
  ],
  [
    "applicationKnowsNoTechnology",
    "services/ledger/src/application/post.ts",
    'import { a } from "../config.ts";',
  ],
  ["adaptersStayApart", "services/ledger/src/adapters/rpc/a.ts", 'import { b } from "../postgres/b.ts";'],
  ["appIsARoot", "services/ledger/src/adapters/rpc/a.ts", 'import { createApp } from "../../app.ts";'],
  ["appIsARoot", "tools/start.ts", 'import { createApp } from "@oi/edge/app";'],
  [
    "technologiesStayInTheirPlace",
    "services/ledger/src/adapters/rpc/a.ts",
    'import postgres from "postgres";',
  ],
  [
    "technologiesStayInTheirPlace",
    "services/ledger/src/adapters/events/a.ts",
    'import { connect } from "nats";',
  ],
  [
    "technologiesStayInTheirPlace",
    "services/ledger/src/app.ts",
    'import type { A } from "@connectrpc/connect";',
  ],
  ["technologiesStayInTheirPlace", "services/ledger/src/app.ts", 'import { Server } from "@grpc/grpc-js";'],
  ["testkitIsForTests", "services/ledger/src/app.ts", 'import { manualClock } from "@oi/testkit/clock";'],
  ["unitTestsNeedNothing", "services/ledger/src/a.test.ts", 'import { testNats } from "@oi/testkit/nats";'],
  ["pureCodeHasNoClock", "services/ledger/src/domain/book.ts", "const now = new Date();"],
  ["pureCodeHasNoClock", "packages/kernel/src/id.ts", "const a = Math.random();"],
  ["pureCodeHasNoClock", "packages/kernel/src/id.ts", "const { random } = Math;"],
  ["pureCodeHasNoClock", "packages/kernel/src/money.ts", `const a = \`\${new Intl.NumberFormat()}\`;`],
  ["environmentIsReadOnce", "services/ledger/src/app.ts", "const port = process.env.PORT;"],
  ["environmentIsReadOnce", "services/ledger/src/app.ts", "const { env } = process;"],
  ["environmentIsReadOnce", "services/ledger/src/adapters/http/config.ts", "const a = process.env;"],
  ["platformKnowsNoBusiness", "packages/platform/src/events/a.ts", 'const stream = "PAYMENTS";'],
  ["platformKnowsNoBusiness", "packages/platform/src/events/a.ts", "function readRefundId(): void {}"],
  ["platformKnowsNoBusiness", "packages/platform/src/rpc/merchant.ts", "export const a = 1;"],
  [
    "platformKnowsNoBusiness",
    "packages/platform/migrations/0001_create_a.sql",
    "-- A.\ncreate table payment ();",
  ],
  ["filesAreShort", "services/ledger/src/domain/book.ts", lines(301)],
  ["filesAreShort", "services/ledger/src/app.ts", lines(151)],
  ["filesAreShort", "services/ledger/src/main.ts", lines(21)],
  ["namesAreKebabCase", "services/ledger/src/domain/openItem.ts", ""],
  ["suffixesAreKnown", "services/ledger/src/domain/book.spec.ts", ""],
  ["suffixesAreKnown", "services/ledger/src/domain/book.e2e.test.ts", ""],
  ["suffixesAreKnown", "e2e/payment.test.ts", ""],
  ["suffixesAreKnown", "services/ledger/src/domain/book-tests.ts", 'import { it } from "vitest";'],
  ["thereAreNoBarrels", "services/ledger/src/domain/index.ts", ""],
  ["thereAreNoBarrels", "services/ledger/src/domain/all.ts", 'export * from "./book.ts";'],
  ["exportsAreNamed", "services/ledger/src/domain/book.ts", "export default 1;"],
  ["exportsAreNamed", "services/ledger/src/domain/book.ts", "const a = 1;\nexport { a as default };"],
  ["nothingIsLeftUndone", "services/ledger/src/domain/book.ts", `// ${UNDONE}: later`],
  ["nothingIsLeftUndone", "deploy/base/a.yaml", `# ${UNDONE}`],
  ["migrationsSayWhy", "services/ledger/migrations/0001_create_book.sql", "create table book ();"],
  ["migrationsSayWhy", "services/ledger/migrations/1_book.sql", "-- Books.\n"],
  ["pathsAreRelative", "docs/a.md", `see ${MACHINE}`],
  [
    "digestsAreComparedInConstantTime",
    "services/payments/src/adapters/a/b.ts",
    "const ok = givenDigest === computed;",
  ],
  [
    "digestsAreComparedInConstantTime",
    "packages/platform/src/a/b.ts",
    "if (given !== hmac(key)) throw new Error();",
  ],
];

describe("a planted violation is reported", () => {
  it.each(PLANTED)("%s in %s: %s", (rule, path, text) => {
    expect(rulesBroken(path, text)).toContain(rule);
  });
});

const FINE: readonly (readonly [path: string, text: string])[] = [
  [
    "services/ledger/src/domain/book.ts",
    'import { money } from "@oi/kernel/money";\nimport { a } from "./entry.ts";',
  ],
  [
    "services/ledger/src/domain/book.ts",
    '// A Date would be wrong here.\nconst text = "Date, Intl, Math.random()";',
  ],
  ["services/ledger/src/domain/book.test.ts", 'import { it } from "vitest";\nconst a = new Date();'],
  ["services/ledger/src/application/post.ts", 'import { a } from "../domain/book.ts";\nimport "./ports.ts";'],
  ["services/ledger/src/application/store.contract.ts", 'import { it } from "vitest";'],
  ["services/ledger/src/adapters/postgres/store.ts", 'import postgres from "postgres";\nimport "./sql.ts";'],
  ["services/ledger/src/adapters/rpc/book.test.ts", 'import { a } from "../memory/store.ts";'],
  ["services/ledger/src/adapters/rpc/handler.ts", 'import { Code } from "@connectrpc/connect";'],
  ["services/ledger/src/config.ts", "export const a = process.env.PORT;"],
  [
    "packages/platform/src/service/run.ts",
    'process.once("SIGTERM", stop);\nprocess?.exit(1);\nstop.process();',
  ],
  ["services/ledger/src/domain/book.ts", "const a = Math.floor(2 * Math.PI);"],
  ["services/ledger/src/main.ts", 'import { createApp } from "./app.ts";\ncreateApp(process.env);'],
  ["services/ledger/src/a.int.test.ts", 'import { testDatabase } from "@oi/testkit/postgres";'],
  ["packages/platform/src/events/a.ts", "// The ledger consumes payments.\nexport const stream = 1;"],
  ["packages/platform/src/rpc/a.test.ts", 'const name = "payments";'],
  ["services/ledger/src/testing/ledger.ts", 'import { createApp } from "../app.ts";'],
  ["services/ledger/src/domain/book.ts", "const text = 'import { a } from \"postgres\"';"],
  ["e2e/constellation.ts", 'import { createApp } from "@oi/edge/app";'],
  ["services/ledger/migrations/0001_create_book.sql", "-- The books.\ncreate table book ();"],
  ["vitest.config.ts", "export default {};"],
  ["services/payments/src/domain/a.ts", 'const forged = claim.signature === "invalid" || digest === null;'],
  ["docs/a.md", "GET /homework/, https://example.com/home/page and services/work/out"],
];

it.each(FINE)("finds nothing wrong in %s: %s", (path, text) => {
  expect(rulesBroken(path, text)).toEqual([]);
});

describe("scan", () => {
  it("keeps lines and removes comments, but not what looks like one inside a string", () => {
    const text = 'a(); // note\nb("// no note"); /* two\nlines */ c();';
    expect(
      scan(text)
        .code.split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual(["a();", 'b("// no note");', "         c();"]);
  });

  it("looks into the code of a template and not into its text", () => {
    const { bare } = scan(`const a = \`Date \${f({ b: \`x \${Intl} y\` })} Date\`;`);
    expect(bare).toContain("f({ b:");
    expect(bare).toContain("Intl");
    expect(bare).not.toContain("Date");
  });

  it("tells a regular expression from a division", () => {
    expect(scan("const a = /[/'\"]Date/.test(b) && c / Date / 2;").bare.match(/Date/g)).toHaveLength(1);
  });
});
