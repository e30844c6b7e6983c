import { type Import, isTest, type Rule, type SourceFile, serviceOf } from "./source.ts";

const SERVICES = ["payments", "ledger", "webhooks", "edge", "gateway-sandbox"];

/** The imports that a predicate refuses, each as a message. */
function refuse(
  { imports }: SourceFile,
  isRefused: (imported: Import) => boolean,
  because: string,
): readonly string[] {
  return imports.filter(isRefused).map(({ specifier }) => `imports ${specifier}: ${because}`);
}

const isPackage = (target: string, name: string): boolean => target === name || target.startsWith(`${name}/`);

export const servicesStayApart: Rule = (file) => {
  if (/^(e2e|tools)\//.test(file.path)) return [];
  const own = serviceOf(file.path);
  const isForeign = ({ target }: Import): boolean =>
    SERVICES.some((name) => name !== own && (isPackage(target, `@oi/${name}`) || serviceOf(target) === name));
  return refuse(file, isForeign, "only e2e and tools may import a service that is not their own");
};

export const domainIsAlone: Rule = (file) => {
  const folder = /^services\/[^/]+\/src\/domain\//.exec(file.path)?.[0];
  if (!folder || isTest(file)) return [];
  const isAllowed = ({ target }: Import): boolean =>
    target.startsWith(folder) || isPackage(target, "@oi/kernel");
  return refuse(file, (imported) => !isAllowed(imported), "a domain imports itself and the kernel only");
};

export const kernelIsAlone: Rule = (file) => {
  if (!file.path.startsWith("packages/kernel/src/") || isTest(file)) return [];
  return refuse(
    file,
    ({ target }) => !target.startsWith("packages/kernel/src/"),
    "the kernel imports nothing",
  );
};

export const applicationKnowsNoTechnology: Rule = (file) => {
  const source = /^(services\/[^/]+\/src\/)application\//.exec(file.path)?.[1];
  if (!source || isTest(file)) return [];
  const isAllowed = ({ target }: Import): boolean =>
    target.startsWith(`${source}application/`) ||
    target.startsWith(`${source}domain/`) ||
    isPackage(target, "@oi/kernel");
  return refuse(
    file,
    (imported) => !isAllowed(imported),
    "an application imports its own domain and application and the kernel only",
  );
};

export const adaptersStayApart: Rule = (file) => {
  const [, source, own] = /^(services\/[^/]+\/src\/)adapters\/([^/]+)\//.exec(file.path) ?? [];
  if (!source || isTest(file)) return [];
  const allowed = [`adapters/${own}/`, "application/", "domain/"].map((folder) => source + folder);
  // A composition root has a rule of its own.
  const isForeign = ({ target }: Import): boolean =>
    target.startsWith(source) &&
    target !== `${source}app.ts` &&
    !allowed.some((folder) => target.startsWith(folder));
  return refuse(
    file,
    isForeign,
    "an adapter knows its own folder, application and domain; app.ts brings adapters together",
  );
};

export const appIsARoot: Rule = (file) => {
  if (/^services\/[^/]+\/src\/main\.ts$/.test(file.path) || isTest(file)) return [];
  const isRoot = ({ target }: Import): boolean =>
    /^services\/[^/]+\/src\/app\.ts$/.test(target) || SERVICES.some((name) => target === `@oi/${name}/app`);
  return refuse(file, isRoot, "only main.ts and e2e import a composition root");
};

type Confined = { readonly packages: readonly string[]; readonly allowed: RegExp; readonly where: string };

const CONFINED: readonly Confined[] = [
  {
    packages: ["postgres"],
    allowed:
      /^services\/[^/]+\/src\/(adapters\/postgres\/|app\.ts$)|^packages\/platform\/src\/postgres\/|^tools\//,
    where: "adapters/postgres, app.ts, platform/postgres, testkit, tools and tests",
  },
  {
    packages: ["nats", "@nats-io"],
    allowed: /^packages\/platform\/src\/events\/|^tools\//,
    where: "platform/events, testkit, tools and tests",
  },
  {
    packages: ["@connectrpc", "@grpc"],
    allowed: /^services\/[^/]+\/src\/adapters\/rpc\/|^packages\/platform\/src\/rpc\//,
    where: "adapters/rpc, platform/rpc and tests",
  },
];

export const technologiesStayInTheirPlace: Rule = (file) => {
  if (isTest(file)) return [];
  return CONFINED.filter(({ allowed }) => !allowed.test(file.path)).flatMap(({ packages, where }) =>
    refuse(file, ({ target }) => packages.some((name) => isPackage(target, name)), `it belongs in ${where}`),
  );
};

export const testkitIsForTests: Rule = (file) => {
  if (isTest(file)) return [];
  const isTestkit = ({ target }: Import): boolean =>
    isPackage(target, "@oi/testkit") ||
    /^packages\/testkit\/|\/testing\/|\.(test|contract)\.ts$/.test(target);
  return refuse(file, isTestkit, "only tests use what is made for tests");
};

/** A unit test needs nothing but itself; one that needs a server says so in its name. */
export const unitTestsNeedNothing: Rule = (file) => {
  if (!file.path.endsWith(".test.ts") || /\.(int|e2e)\.test\.ts$/.test(file.path)) return [];
  const needsServer = ({ target }: Import): boolean => /^@oi\/testkit\/(postgres|nats)$/.test(target);
  return refuse(file, needsServer, "a test that needs a server is named .int.test.ts");
};

export const IMPORT_RULES: Readonly<Record<string, Rule>> = {
  servicesStayApart,
  domainIsAlone,
  kernelIsAlone,
  applicationKnowsNoTechnology,
  adaptersStayApart,
  appIsARoot,
  technologiesStayInTheirPlace,
  testkitIsForTests,
  unitTestsNeedNothing,
};
