import { createServer } from "node:http";
import { expect, it } from "vitest";
import { startMerchant } from "../../testing/merchant.ts";
import { close, listen } from "../http/server.ts";
import { createPostForm } from "./post-form.ts";

const never = new AbortController().signal;

it("posts a form and reports the redirect without following it", async () => {
  await using merchant = await startMerchant();
  const answer = await createPostForm(never)(`${merchant.url}/success`, "a=1&b=%26");
  expect(answer).toEqual({ httpStatus: 303, location: "/followed", error: null });
  expect(merchant.received).toMatchObject([{ path: "/success", fields: { a: "1", b: "&" } }]);
});

it("reports trouble as an answer", async () => {
  for (const url of ["http://127.0.0.1:1/", "nonsense"]) {
    const answer = await createPostForm(never)(url, "");
    expect(answer).toMatchObject({ httpStatus: null, location: null });
    expect(answer.error).toBeTruthy();
  }
});

it("gives up on a silent merchant when it is told to stop", async () => {
  const silent = createServer(() => undefined);
  const port = await listen(silent, 0, "127.0.0.1");
  const stop = new AbortController();
  const posting = createPostForm(stop.signal)(`http://127.0.0.1:${port}/`, "");
  stop.abort();
  expect(await posting).toMatchObject({ httpStatus: null, error: "The operation was aborted" });
  await close(silent);
});
