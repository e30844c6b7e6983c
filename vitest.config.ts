import { defineConfig } from "vitest/config";

/** The suffix of a test file says what it needs (CONTRIBUTING.md); each suffix is a project of its own. */
export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["{proto,packages,services,tools,e2e}/**/*.test.ts"],
          exclude: ["**/*.int.test.ts", "**/*.e2e.test.ts", "**/node_modules/**"],
          pool: "threads",
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "int",
          include: ["{packages,services,tools}/**/*.int.test.ts"],
          globalSetup: ["packages/testkit/src/global-setup.ts"],
          pool: "forks",
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.e2e.test.ts"],
          globalSetup: ["packages/testkit/src/global-setup.ts"],
          pool: "forks",
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
    ],
  },
});
