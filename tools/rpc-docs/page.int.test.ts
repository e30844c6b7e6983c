import { beforeAll, describe, expect, it } from "vitest";
import { type Contract, readContract } from "./contract.ts";
import { servicePage } from "./page.ts";

/** Real: the contracts of `proto/`, read by buf. */
let contract: Contract;

beforeAll(async () => {
  contract = await readContract();
});

function page(name: string, comment = contract.comment): string {
  const service = contract.services.find(({ typeName }) => typeName === name);
  if (!service) throw new Error(`${name} is no service`);
  return servicePage(service, { ...contract, comment });
}

const PAYMENTS = "oi.payments.v1.PaymentsService";
const CREATE = `${PAYMENTS}.CreatePayment`;

describe("the page of a service", () => {
  it("has every RPC with its comment, both lines and its fields", () => {
    for (const service of contract.services) {
      const text = page(service.typeName);
      for (const { name, input, output } of service.methods) {
        expect(text).toContain(`\n## ${name}\n`);
        expect(text).toContain(`**${input.name}**`);
        expect(text).toContain(`**${output.name}**`);
      }
      const lines = text.split("\n");
      expect(lines.filter((line) => /^ *curl /.test(line))).toHaveLength(service.methods.length);
      expect(lines.filter((line) => line.startsWith("buf curl "))).toHaveLength(service.methods.length);
    }
  });

  it("says what a field must keep to", () => {
    const text = page(PAYMENTS);
    expect(text).toContain("| `mode` | Mode | required |");
    expect(text).toContain("| `applicationId` | int64 | more than 0 |");
    expect(text).toMatch(/\| `customerEmail` \| string \| optional; [^|]*an email address/);
    expect(text).toContain("must be an integer from 1 to 999999999999999");
    expect(text).toContain("| `MODE_TEST` |");
  });

  it("is not written for an RPC without comment or reasons", () => {
    const without = (name: string) => contract.comment(name);
    const spoilt = (text: string) => (name: string) => (name === CREATE ? text : without(name));
    expect(() => page(PAYMENTS, spoilt(""))).toThrow(/CreatePayment has no comment/);
    expect(() => page(PAYMENTS, spoilt("Makes a payment."))).toThrow(/none of the reasons/);
    expect(() => page(PAYMENTS, spoilt("Makes one. Reasons: as NoSuchMethod."))).toThrow(
      /none of the reasons/,
    );
    expect(page(PAYMENTS, spoilt("Makes one. Reasons: as GetPayment."))).toContain("Makes one.");
  });
});
