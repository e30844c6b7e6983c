import type { Mode as KernelMode } from "@oi/kernel/scope";
import { Mode } from "../../gen/oi/common/v1/mode_pb.ts";

export function modeToProto(mode: KernelMode): Mode {
  return mode === "LIVE" ? Mode.LIVE : Mode.TEST;
}

/** Requests are validated before this is called, so anything but LIVE is TEST. */
export function modeFromProto(mode: Mode): KernelMode {
  return mode === Mode.LIVE ? "LIVE" : "TEST";
}
