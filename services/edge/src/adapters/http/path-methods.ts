/** The methods of every known path, filled by the routes themselves as they are registered. */
export type PathMethods = {
  add(template: string, methods: readonly string[]): void;
  /** The methods of the path, in alphabetical order; null for an unknown path. */
  of(path: string): readonly string[] | null;
};

/** Our templates hold letters, hyphens and parameters only, so nothing needs an escape. */
function templatePattern(template: string): RegExp {
  const parts = template.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : part));
  return new RegExp(`^${parts.join("/")}$`);
}

export function pathMethods(): PathMethods {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  return {
    add: (template, methods) => {
      const entry = known.get(template) ?? {
        pattern: templatePattern(template),
        methods: new Set(["OPTIONS"]),
      };
      for (const method of methods) entry.methods.add(method);
      known.set(template, entry);
    },
    of: (path) => {
      const entry = [...known.values()].find(({ pattern }) => pattern.test(path));
      return entry ? [...entry.methods].sort() : null;
    },
  };
}
