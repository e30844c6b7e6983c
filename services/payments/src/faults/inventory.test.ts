import { describeFaultList, numbered } from "@oi/testkit/fault-list";

/** The list of faults is a promise: each row of the designs has a test, and the test is there. */
describeFaultList({
  page: "docs/testing/gateway-faults.md",
  home: "services/payments/src/",
  promised: [
    ...numbered("P", 1, 18),
    ...numbered("G", 1, 26),
    ...numbered("F", 24, 33),
    ...numbered("T", 3, 8),
    ...numbered("T", 13, 16),
    ...numbered("T", 21, 30),
  ],
});
