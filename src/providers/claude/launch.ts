/** How `claude` is started: its arguments and its environment. */
import type { Settings } from "../../protocol/session.ts"
import type { ChildSpec } from "../provider.ts"
import { BYPASS } from "./offer.ts"

/** Resuming needs a transcript; a session without one is begun under the id that it was promised. */
export type Beginning =
  | { readonly kind: "fresh"; readonly nativeId: string }
  | { readonly kind: "resume"; readonly nativeId: string }

export function sessionArgs(beginning: Beginning, settings: Settings): readonly string[] {
  const { model, effort, mode } = settings
  return [
    ...streamArgs,
    ...(beginning.kind === "fresh" ? ["--session-id", beginning.nativeId] : ["--resume", beginning.nativeId]),
    ...(model === undefined ? [] : ["--model", model]),
    ...(effort === undefined ? [] : ["--effort", effort]),
    // Claude Code refuses to switch to this mode later unless it was launched with the permission to.
    ...(mode === BYPASS ? ["--allow-dangerously-skip-permissions"] : []),
    ...(mode === undefined ? [] : ["--permission-mode", mode]),
  ]
}

/** A process that is only asked about itself and leaves no transcript. */
export const streamArgs: readonly string[] = [
  "-p",
  ...["--output-format", "stream-json"],
  ...["--input-format", "stream-json"],
  "--verbose",
  "--include-partial-messages",
  ...["--permission-prompt-tool", "stdio"],
]

const flags: Readonly<Record<string, string>> = {
  /** The only reliable sign that a session is idle. */
  CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: "1",
  /** The prompt is in the transcript before the model is asked; without it up to 0.1 s after (see decision 0003). */
  CLAUDE_CODE_EAGER_FLUSH: "1",
  /** A silent stream is retried after a minute instead of five. */
  CLAUDE_ENABLE_BYTE_WATCHDOG: "1",
  CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: "60000",
  /** The program must not change under a running session. */
  DISABLE_AUTOUPDATER: "1",
  /** Not the entry point of a Claude Code that may have started us. */
  CLAUDE_CODE_ENTRYPOINT: "sdk-cli",
}

/** What tells Claude Code to reach its model through a cloud, by the credentials it then needs. */
const clouds = [
  { switch: "CLAUDE_CODE_USE_BEDROCK", inherit: ["AWS_*"] },
  { switch: "CLAUDE_CODE_USE_VERTEX", inherit: ["GOOGLE_*", "CLOUD_ML_REGION", "VERTEX_REGION_*"] },
] as const

/** What Claude Code may see of the host's environment before we know whether it uses a cloud. */
export const ownVariables: readonly string[] = ["ANTHROPIC_*", "CLAUDE_*", "IS_SANDBOX"]

/**
 * @param seen the environment that Claude Code would have: the base, `ownVariables` and `configured`.
 */
export function environmentFor(
  configured: Readonly<Record<string, string>>,
  seen: Readonly<Record<string, string>>,
): Pick<ChildSpec, "env" | "inherit"> {
  const inherited = clouds.flatMap((cloud) => (isOn(seen[cloud.switch]) ? cloud.inherit : []))
  return { env: { ...flags, ...configured }, inherit: [...ownVariables, ...inherited] }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value.toLowerCase() !== "false"
}
