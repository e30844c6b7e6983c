/** The headers of one attempt. `X-Webhook-Id` repeats the id for receivers that know only that name. */
export function requestHeaders(attempt: {
  readonly eventId: string;
  readonly timestampSeconds: number;
  readonly signature: string;
}): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    "user-agent": "OI-Payments-Webhooks/1",
    "accept-encoding": "identity",
    "webhook-id": attempt.eventId,
    "webhook-timestamp": String(attempt.timestampSeconds),
    "webhook-signature": attempt.signature,
    "X-Webhook-Id": attempt.eventId,
  };
}
