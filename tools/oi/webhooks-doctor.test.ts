import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const TOOL = fileURLToPath(new URL("webhooks-doctor.ts", import.meta.url));
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const BODY = '{"id":"evt_1"}';
const folder = mkdtempSync(join(tmpdir(), "oi-doctor-"));
afterAll(() => rmSync(folder, { recursive: true }));

const key = Buffer.from(SECRET.slice(6), "base64");
const signature = createHmac("sha256", key).update(`evt_1.1780567200.${BODY}`).digest("base64");
writeFileSync(
  join(folder, "headers"),
  `Webhook-Id: evt_1\r\nwebhook-timestamp: 1780567200\r\nwebhook-signature: v1,${signature}\r\n`,
);

type Ended = { readonly code: number; readonly text: string };
const doctor = (body: string, ...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    writeFileSync(join(folder, "body"), body);
    const files = ["--headers", join(folder, "headers"), "--body", join(folder, "body")];
    execFile(process.execPath, [TOOL, ...files, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, text: stdout + stderr }),
    );
  });

it("says yes, says why not, and says what it needs", async () => {
  const at = ["--now", "1780567200"];
  expect(await doctor(BODY, "--secret", SECRET, ...at)).toMatchObject({ code: 0 });
  const spaced = await doctor('{ "id": "evt_1" }', "--secret", SECRET, ...at);
  expect(spaced).toMatchObject({ code: 1, text: expect.stringContaining("BODY_REENCODED") });
  const quoted = await doctor(BODY, "--secret", `"${SECRET}"`, ...at, "--json");
  expect(JSON.parse(quoted.text)).toMatchObject({ isValid: false, cause: "SECRET_WHITESPACE" });
  expect(quoted.text).not.toContain(SECRET);
  expect(await doctor(BODY)).toMatchObject({ code: 2 });
});
