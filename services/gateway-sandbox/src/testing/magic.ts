import type { Opened, SandboxUnderTest } from "./sandbox.ts";

let payments = 0;

/** Every payment has a reference of its own, by which the uses of magic amounts are counted. */
export function nextPayment(): string {
  payments += 1;
  return `pay_${payments}`;
}

/** Opens a session with a magic amount; the autopilot does the rest. */
export function openMagic(sandbox: SandboxUnderTest, total_amount: string): Promise<Opened> {
  return sandbox.open({ total_amount, value_a: nextPayment() });
}

/** `/ipn VALID` for each callback that the merchant received, in its order. */
export function listCalls({ merchant }: SandboxUnderTest): readonly string[] {
  return merchant.received.map(({ path, fields }) => `${path} ${fields.status}`);
}

export type Charge = { readonly valId: string; readonly bankTranId: string; readonly channel: string };

export async function listCharges(sandbox: SandboxUnderTest, tranId: string): Promise<readonly Charge[]> {
  return (await sandbox.admin(`GET charges?tranId=${tranId}`)).body.charges as Charge[];
}
