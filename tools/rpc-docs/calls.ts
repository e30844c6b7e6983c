import { readContract } from "./contract.ts";
import { exampleOf } from "./example.ts";
import { envelopeHead, isStream, needsActor } from "./page.ts";

/** One example of the pages as an HTTP request to a JSON door. */
export type ExampleCall = {
  /** `payments` */
  readonly service: string;
  /** `oi.payments.v1.PaymentsService/GetPayment` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
};

/** Every example that `docs/rpc/` shows. */
export async function exampleCalls(): Promise<readonly ExampleCall[]> {
  const contract = await readContract();
  return contract.services.flatMap((service) =>
    service.methods.map((method): ExampleCall => {
      const [, name = ""] = service.typeName.split(".");
      const text = JSON.stringify(exampleOf(method, contract.registry));
      const actor = needsActor(method, contract);
      const type = isStream(method) ? "application/connect+json" : "application/json";
      const head = isStream(method) ? envelopeHead(text) : Buffer.alloc(0);
      return {
        service: name,
        path: `${service.typeName}/${method.name}`,
        headers: { "content-type": type, ...(actor ? { "oi-actor": "rahim" } : {}) },
        body: new Uint8Array(Buffer.concat([head, Buffer.from(text)])),
      };
    }),
  );
}
