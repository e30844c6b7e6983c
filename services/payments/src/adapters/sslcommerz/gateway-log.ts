import type { Logger } from "@oi/platform/telemetry/logger";
import type { GatewayCall } from "./caller.ts";
import type { AccountCheck } from "./self-check.ts";

/** Writes down every call, and with an error the accounts that cannot be used. */
export function gatewayLog(log: Logger): {
  readonly observe: (call: GatewayCall) => void;
  readonly checked: (check: AccountCheck) => void;
} {
  return {
    observe: (call) => log.info(call, "gateway call"),
    checked: (check) =>
      check.healthy
        ? log.info(check, "gateway account checked")
        : log.error(check, "gateway account cannot be used"),
  };
}
