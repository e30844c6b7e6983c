import { expect, it } from "vitest";
import { countTests, summaryLine, type VitestReport } from "./test-summary.ts";

const report = (changes: Partial<VitestReport>): VitestReport => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
});

it("names skipped tests only when there are any", () => {
  expect(summaryLine(countTests(report({}), 0))).toBe("3 passed, 0 failed");
  expect(summaryLine(countTests(report({ numPendingTests: 2 }), 0))).toBe("3 passed, 0 failed, 2 skipped");
});

it("counts a file that could not be loaded as a failure", () => {
  const testResults = [{ status: "failed", assertionResults: [] }];
  expect(countTests(report({ testResults }), 1).failed).toBe(1);
});

it("does not count a file's failed tests twice", () => {
  const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] }];
  expect(countTests(report({ numFailedTests: 1, testResults }), 1).failed).toBe(1);
});

it("never reports success for a run that ended badly", () => {
  expect(countTests(report({}), 1).failed).toBe(1);
  expect(countTests(null, 0).failed).toBe(1);
});
