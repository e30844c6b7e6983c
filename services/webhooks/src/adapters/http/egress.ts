import type { TargetPolicy, WebhookSender } from "../../application/ports.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { createAddressResolver } from "./address-resolver.ts";
import type { ProxyUrl } from "./proxy-tunnel.ts";
import { createTargetPolicy } from "./target-policy.ts";
import { undiciSender } from "./webhook-sender.ts";

export type EgressRules = {
  readonly allowCidrs: readonly string[];
  /** Empty for the system's own. */
  readonly dnsServers: readonly string[];
  readonly proxy: ProxyUrl | null;
};

export type Egress = {
  readonly targets: TargetPolicy;
  openSender(options: {
    readonly deadlineMs: number;
    readonly connectionsPerHost: number;
    readonly onBodySent: () => void;
  }): WebhookSender & AsyncDisposable;
};

/** The way out: the rules of URLs and the sender that keeps them, over one policy of addresses. */
export function createEgress({ allowCidrs, dnsServers, proxy }: EgressRules): Egress {
  const policy = createAddressPolicy(allowCidrs);
  const resolver = createAddressResolver({ policy, servers: dnsServers });
  return {
    targets: createTargetPolicy(policy, resolver),
    openSender: (options) =>
      undiciSender({
        ...options,
        policy,
        proxy,
        resolver,
      }),
  };
}
