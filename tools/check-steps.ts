/** What `npm run check` consists of, as `--only` knows it. */
export const STEPS = ["types", "domain", "biome", "contract", "docs", "knip", "tidy"] as const;
export type Step = (typeof STEPS)[number];

export const isStep = (text: string): text is Step => (STEPS as readonly string[]).includes(text);
