import type { ServiceImpl } from "@connectrpc/connect";
import { notFound } from "@oi/kernel/errors";
import type { ApplicationsService, UpdateSettingsRequest } from "@oi/proto/payments/v1/applications_service";
import { modeToProto } from "@oi/proto/public/scope";
import type { Authenticate } from "../../application/authenticate.ts";
import type { ApplicationStore } from "../../application/ports.ts";
import type { RegisterApplication } from "../../application/register-application.ts";
import type { UpdateSettings } from "../../application/update-settings.ts";
import type { Settings } from "../../domain/application.ts";
import { applicationMessage, policyFrom } from "./application-message.ts";
import type { Fingerprint } from "./create-payment-request.ts";

type Ports = {
  readonly registerApplication: RegisterApplication;
  readonly updateSettings: UpdateSettings;
  readonly authenticate: Authenticate;
  readonly applications: ApplicationStore;
  readonly fingerprint: Fingerprint;
};

export function applicationsService(ports: Ports): ServiceImpl<typeof ApplicationsService> {
  return {
    async registerApplication(request) {
      const wish = { name: request.name, webhookUrl: request.webhookUrl || null };
      const fingerprint = ports.fingerprint("RegisterApplication", wish);
      const done = await ports.registerApplication(wish, {
        key: request.idempotencyKey || null,
        fingerprint,
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
    async updateSettings(request) {
      const application = await ports.updateSettings(Number(request.applicationId), readSettings(request));
      return { application: applicationMessage(application) };
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
