import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

type Asset = {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
};

/** Starts the page. Nothing is asked of another origin: no validator, no fonts, no example server. */
const STARTER = `window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/docs/openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
});
`;

const require = createRequire(import.meta.url);

const SOURCES: Readonly<Record<string, { readonly type: string; readonly read: () => Promise<Buffer> }>> = {
  "swagger-ui.css": {
    type: "text/css; charset=utf-8",
    read: () => readFile(require.resolve("swagger-ui-dist/swagger-ui.css")),
  },
  "swagger-ui-bundle.js": {
    type: "text/javascript; charset=utf-8",
    read: () => readFile(require.resolve("swagger-ui-dist/swagger-ui-bundle.js")),
  },
  "reference.js": { type: "text/javascript; charset=utf-8", read: async () => Buffer.from(STARTER) },
};

async function load(name: string): Promise<Asset | null> {
  const source = Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
  if (!source) return null;
  const plain = await source.read();
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { type: source.type, etag, plain, packed: await promisify(gzip)(plain) };
}

/** The files of the reference page, read and packed when they are first asked for. */
export function docsAssets(): { get(name: string): Promise<Asset | null> } {
  const loaded = new Map<string, Promise<Asset | null>>();
  return {
    get: (name) => {
      const known = loaded.get(name);
      if (known) return known;
      if (!Object.hasOwn(SOURCES, name)) return Promise.resolve(null);
      const loading = load(name);
      loaded.set(name, loading);
      return loading;
    },
  };
}
