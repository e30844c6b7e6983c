import type { EventInbox, TargetPolicy } from "./ports.ts";

export type ChangeTarget = (change: {
  readonly eventId: string;
  readonly subject: string;
  readonly applicationId: number;
  readonly version: number;
  readonly url: string | null;
}) => Promise<boolean>;

/** Follows an application's `webhookUrl`. A URL that the rules refuse disables the endpoints. */
export function createChangeTarget({
  inbox,
  policy,
}: {
  readonly inbox: EventInbox;
  readonly policy: TargetPolicy;
}): ChangeTarget {
  return ({ url, ...change }) => inbox.commitTarget({ ...change, target: policy.assess(url) });
}
