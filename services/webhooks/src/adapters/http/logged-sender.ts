import type { Logger } from "@oi/platform/telemetry/logger";
import type { WebhookSender } from "../../application/ports.ts";

/** One line per attempt. The host only: paths and queries of webhook URLs often hold tokens. */
export function loggedSender(sender: WebhookSender, log: Logger): WebhookSender {
  return {
    send: async (request) => {
      const answer = await sender.send(request);
      const { finding, status, totalMs } = answer;
      const host = URL.canParse(request.url) ? new URL(request.url).host : "";
      log.info({ webhookId: request.headers["webhook-id"], host, status, ...finding, totalMs }, "attempt");
      return answer;
    },
  };
}
