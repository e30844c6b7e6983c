import type { ServiceImpl } from "@connectrpc/connect";
import { notFound } from "@oi/kernel/errors";
import type { ApplicationsService, UpdateSettingsRequest } from "@oi/proto/payments/v1/applications_service";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { Authenticate } from "../../application/authenticate.ts";
import type { CredentialSummary, Credentials } from "../../application/credentials.ts";
import type { ApplicationStore, IdempotencyKey } from "../../application/ports.ts";
import type { RegisterApplication } from "../../application/register-application.ts";
import type { UpdateSettings } from "../../application/update-settings.ts";
import type { Settings } from "../../domain/application.ts";
import { applicationMessage, policyFrom } from "./application-message.ts";
import { type Fingerprint, idempotencyOf } from "./idempotency-key.ts";
import { actorOf, operatorOf } from "./operator.ts";
import { safeId, scopeOf } from "./request-scope.ts";

type Ports = {
  readonly registerApplication: RegisterApplication;
  readonly updateSettings: UpdateSettings;
  readonly authenticate: Authenticate;
  readonly credentialDesk: Credentials;
  readonly applications: ApplicationStore;
  readonly fingerprint: Fingerprint;
};

export function applicationsService(ports: Ports): ServiceImpl<typeof ApplicationsService> {
  return {
    async registerApplication(request, context) {
      const wish = { name: request.name, webhookUrl: request.webhookUrl || null };
      const fingerprint = ports.fingerprint("RegisterApplication", wish);
      const done = await ports.registerApplication(wish, {
        key: request.idempotencyKey || null,
        fingerprint,
        actor: actorOf(context),
      });
      return {
        application: applicationMessage(done.application),
        credentials: done.credentials.map(({ id, mode, ...pair }) => ({
          id: BigInt(id),
          mode: modeToProto(mode),
          ...pair,
        })),
        replayed: done.replayed,
      };
    },
    async getApplication(request) {
      const application = await ports.applications.byId(Number(request.applicationId));
      if (!application) throw notFound("Application");
      return { application: applicationMessage(application) };
    },
    async updateSettings(request, context) {
      const actor = operatorOf(context);
      const wanted = readSettings(request);
      const key = settingsKey(request, wanted, actor, ports.fingerprint);
      const application = await ports.updateSettings(safeId(request.applicationId), wanted, actor, key);
      return { application: applicationMessage(application) };
    },
    async listCredentials(request) {
      const listed = await ports.credentialDesk.list(safeId(request.applicationId));
      return { credentials: listed.map(credentialMessage) };
    },
    async rotateCredential(request, context) {
      const { applicationId, mode } = scopeOf(request);
      const actor = operatorOf(context);
      const wish = { applicationId, mode, graceSeconds: request.graceSeconds ?? null };
      const fields = { applicationId, mode, graceSeconds: wish.graceSeconds, actor };
      const key = idempotencyOf(ports.fingerprint, "RotateCredential", request.idempotencyKey, fields);
      const { issued, replaced, replayed } = await ports.credentialDesk.rotate(wish, actor, key);
      const { id, apiKey, apiSecret } = issued;
      return {
        credential: { id: BigInt(id), mode: request.mode, apiKey, apiSecret },
        replaced: replaced.map(credentialMessage),
        replayed,
      };
    },
    async revokeCredential(request, context) {
      const { applicationId, credentialId } = request;
      const actor = operatorOf(context);
      const revoked = await ports.credentialDesk.revoke(safeId(applicationId), safeId(credentialId), actor);
      return { credential: credentialMessage(revoked) };
    },
    async authenticateCredential(request) {
      const found = await ports.authenticate(request.apiKey, request.apiSecret);
      return {
        applicationId: BigInt(found.applicationId),
        mode: modeToProto(found.mode),
        applicationName: found.applicationName,
        credentialId: BigInt(found.id),
      };
    },
  };
}

function credentialMessage(one: CredentialSummary) {
  const { id, mode, keyLast4, createdAt, expiresAt, revokedAt } = one;
  return {
    id: BigInt(id),
    mode: modeToProto(mode),
    keyLast4,
    createdAt: toTimestamp(createdAt),
    ...(expiresAt === null ? {} : { expiresAt: toTimestamp(expiresAt) }),
    ...(revokedAt === null ? {} : { revokedAt: toTimestamp(revokedAt) }),
  };
}

/** What was wanted and by whom; an absent setting is another request than one that is turned off. */
function settingsKey(
  request: UpdateSettingsRequest,
  wanted: Partial<Settings>,
  actor: string,
  fingerprint: Fingerprint,
): IdempotencyKey | null {
  const fields = Object.entries(wanted).map(([name, value]) => [
    name,
    value === null ? "off" : String(value),
  ]);
  const all = { applicationId: request.applicationId.toString(), actor, ...Object.fromEntries(fields) };
  return idempotencyOf(fingerprint, "UpdateSettings", request.idempotencyKey, all);
}

/** Empty text and 0 turn a setting off; an absent field is not part of the change. */
function readSettings(request: UpdateSettingsRequest): Partial<Settings> {
  const { refundApprovalThresholdMinor, minAmountMinor, maxAmountMinor, latePaymentPolicy } = request;
  return {
    ...(request.name === undefined ? {} : { name: request.name }),
    ...(request.webhookUrl === undefined ? {} : { webhookUrl: request.webhookUrl || null }),
    ...(request.receiptsEnabled === undefined ? {} : { receiptsEnabled: request.receiptsEnabled }),
    ...(refundApprovalThresholdMinor === undefined
      ? {}
      : { refundApprovalThresholdMinor: refundApprovalThresholdMinor || null }),
    ...(minAmountMinor === undefined ? {} : { minAmountMinor: minAmountMinor || null }),
    ...(maxAmountMinor === undefined ? {} : { maxAmountMinor: maxAmountMinor || null }),
    ...(latePaymentPolicy === undefined ? {} : { latePaymentPolicy: policyFrom(latePaymentPolicy) }),
  };
}
