import { failpoint } from "@oi/platform/service/failpoint";
import type { Postings } from "../../application/ports.ts";

/** By then the batch has left this process, and a server that takes its time has not answered. */
const ON_THE_WIRE_MS = 100;

/** The places around a commit where a test may end, break or delay the service. Wrapped only when one is armed. */
export function withFailpoints(postings: Postings): Postings {
  return {
    post: async (...args) => {
      await failpoint("post.before_commit");
      const timer = setTimeout(() => void failpoint("post.mid_transaction"), ON_THE_WIRE_MS);
      const outcomes = await postings.post(...args);
      clearTimeout(timer);
      await failpoint("post.committed_no_ack");
      return outcomes;
    },
  };
}
