type Json = Record<string, unknown>;

export type SandboxSession = {
  readonly sessionkey: string;
  readonly tranId: string;
  readonly status: string;
};

/** The simulator's admin calls: the customer's hand, and the gateway's truth as the oracle. */
export type Sandbox = {
  readonly url: string;
  /** Plays the customer in the newest session of a payment. */
  pay(reference: string, choice?: Json): Promise<void>;
  sessions(reference: string): Promise<SandboxSession[]>;
  callback(wish: Json): Promise<Json>;
  charges(): Promise<Json[]>;
  /** What the gateway gave back, or is giving back, of a payment. */
  refunds(reference: string): Promise<Json[]>;
  outage(wish: Json): Promise<void>;
};

export function sandboxAt(url: string): Sandbox {
  const call = async (method: string, path: string, body?: Json): Promise<Json> => {
    const response = await fetch(`${url}/_sandbox${path}`, {
      method,
      ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`the sandbox refused ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const sessions = async (reference: string): Promise<SandboxSession[]> => {
    const { sessions: all } = (await call("GET", "/sessions")) as { sessions: SandboxSession[] };
    return all.filter(({ tranId }) => tranId.startsWith(`${reference}-`));
  };
  return {
    url,
    sessions,
    pay: async (reference, choice = {}) => {
      const session = (await sessions(reference)).at(-1);
      if (!session) throw new Error(`no session of ${reference}`);
      await call("POST", `/sessions/${session.sessionkey}/act`, choice);
    },
    callback: (wish) => call("POST", "/callbacks", wish),
    charges: async () => ((await call("GET", "/charges")) as { charges: Json[] }).charges,
    refunds: async (reference) => {
      const { refunds: all } = (await call("GET", "/refunds")) as { refunds: Json[] };
      return all.filter(({ tranId }) => String(tranId).startsWith(`${reference}-`));
    },
    outage: async (wish) => {
      await call("POST", "/outage", wish);
    },
  };
}
