import { describeAdjustments } from "../../application/adjustments.contract.ts";
import { describePostings } from "../../application/postings.contract.ts";
import { describeReads } from "../../application/reads.contract.ts";
import { RECORDED_AT } from "../../testing/facts.ts";
import { memoryLedger } from "./memory-ledger.ts";

const ledger = memoryLedger({ now: () => RECORDED_AT });

describePostings("memory", () => ledger);
describeAdjustments("memory", () => ledger);
describeReads("memory", () => ledger);
