export type Credentials = {
  readonly applicationId: number;
  readonly apiKey: string;
  readonly apiSecret: string;
};

export type PaymentJson = {
  readonly id: number;
  readonly reference: string;
  readonly status: string;
  readonly mode: string;
  readonly amountMinor: number;
  readonly gatewayTxnId: string | null;
  readonly checkoutUrl: string;
  readonly underReview: boolean;
  readonly paidAt: string | null;
};

export type Envelope<T> = {
  readonly data: T;
  readonly meta: {
    readonly success: boolean;
    readonly message: string | null;
    readonly errorCode: string | null;
    readonly timestamp: string;
    readonly requestId: string;
  };
  readonly pagination: { page: number; size: number; totalElements: number; totalPages: number } | null;
};

export type Answer<T> = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Envelope<T>;
};

/** A merchant's backend: it knows the REST API and nothing else. */
export type Merchant = Credentials & {
  call<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  create(body?: object, headers?: Record<string, string>): Promise<Answer<PaymentJson>>;
  payment(id: number): Promise<PaymentJson>;
};

const ORDER = { amountMinor: 10_000, customerReference: "cust_123", productName: "Pro plan" };

export function merchantOf(publicUrl: string, credentials: Credentials): Merchant {
  const call = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`${publicUrl}/api/v1${path}`, {
      method,
      headers: {
        "x-api-key": credentials.apiKey,
        "x-api-secret": credentials.apiSecret,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: JSON.parse(text) as Envelope<T>,
    };
  };
  return {
    ...credentials,
    call,
    create: (body = ORDER, headers) => call<PaymentJson>("POST", "/payments", body, headers),
    payment: async (id) => (await call<PaymentJson>("GET", `/payments/${id}`)).json.data,
  };
}

/** The customer clicks "pay": where the checkout sends the browser. */
export async function openCheckout(payment: Pick<PaymentJson, "checkoutUrl">): Promise<string> {
  const response = await fetch(`${payment.checkoutUrl}/pay`, { method: "POST", redirect: "manual" });
  if (response.status !== 303) throw new Error(`opening the checkout answered ${response.status}`);
  return response.headers.get("location") ?? "";
}
