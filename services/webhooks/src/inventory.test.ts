import { describeFaultList, numbered } from "@oi/testkit/fault-list";

/** How many rules each section of the designs has; section 10 has one that is built. */
const RULES: readonly (readonly [section: number, rules: number])[] = [
  [2, 12],
  [3, 13],
  [4, 4],
  [5, 6],
  [6, 15],
  [7, 6],
  [8, 8],
  [9, 7],
  [10, 1],
  [11, 10],
  [12, 3],
  [13, 7],
  [14, 2],
];

/** The list of faults is a promise: each row of the designs has a test, and the test is there. */
describeFaultList({
  page: "docs/testing/webhook-faults.md",
  home: "services/webhooks/src/",
  promised: [
    ...RULES.flatMap(([section, rules]) => numbered(`${section}.`, 1, rules)),
    ...["F3", ...numbered("F", 5, 9), "F15", ...numbered("F", 17, 19), "F23", ...numbered("F", 34, 41)],
    ...numbered("F", 55, 56),
    ...["T9", "T10"],
    ...numbered("T", 32, 35),
    ...numbered("kW", 1, 8),
    ...numbered("W", 1, 13),
    ...["X1", "X3", "X5"],
    ...numbered("S", 3, 5),
    ...numbered("A", 1, 14),
    ...numbered("B", 1, 20),
    ...numbered("D", 1, 15),
  ],
});
