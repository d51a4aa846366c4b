/** The agents whose behaviour was verified by running them, and the cautious default for all others. */
import { basename } from "node:path"
import type { Mode } from "../../protocol/session.ts"
import type { AcpProfile } from "./profile.ts"

const unverified: AcpProfile = {
  id: "default",
  label: "ACP agent",
  programs: [],
  args: [],
  env: {},
  inherit: [],
  approvals: { kind: "unknown" },
  modesAre: "permission",
  modes: [],
  sharedBy: "workspace",
  stop: "eof",
  minReloadAgeMs: 0,
  rejectEndsTurn: false,
  loadIsLenient: true,
}

const mode = (id: string, meaning: Mode["meaning"], label: string): Mode => ({ id, meaning, label })

const profiles: readonly AcpProfile[] = [
  {
    ...unverified,
    id: "opencode",
    label: "OpenCode",
    programs: ["opencode", "opencode-ai"],
    args: ["acp"],
    env: { OPENCODE_PERMISSION: '{"edit":"ask","bash":"ask"}', OPENCODE_DISABLE_AUTOUPDATE: "1" },
    inherit: ["OPENCODE_*", "XDG_*", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"],
    sharedBy: "all",
    approvals: { kind: "built_in" },
    modes: [mode("build", "ask", "Build"), mode("plan", "plan", "Plan")],
    loadIsLenient: false,
    install: "npm install -g opencode-ai",
    signIn: "opencode auth login",
  },
  {
    ...unverified,
    id: "gemini",
    label: "Gemini CLI",
    programs: ["gemini", "gemini-cli"],
    args: ["--acp"],
    env: { GEMINI_CLI_NO_RELAUNCH: "true" },
    inherit: ["GEMINI_*", "GOOGLE_*"],
    approvals: { kind: "mode", ask: "default" },
    modes: [
      mode("default", "ask", "Ask"),
      mode("autoEdit", "accept_edits", "Accept edits"),
      mode("yolo", "never_ask", "Never ask"),
      mode("plan", "plan", "Plan"),
    ],
    stop: "sigterm",
    // session/load in the UTC minute of creation destroys the session: its file is named by the minute.
    minReloadAgeMs: 61_000,
    replaysLate: true,
    loadIsLenient: false,
    install: "npm install -g @google/gemini-cli",
    signIn: "gemini",
  },
  {
    ...unverified,
    id: "claude-agent-acp",
    label: "Claude Code (ACP)",
    programs: ["claude-agent-acp", "claude-code-acp"],
    env: { DISABLE_AUTOUPDATER: "1" },
    inherit: ["ANTHROPIC_*", "CLAUDE_*"],
    sharedBy: "all",
    approvals: { kind: "mode", ask: "default" },
    modes: [
      mode("default", "ask", "Ask"),
      mode("acceptEdits", "accept_edits", "Accept edits"),
      mode("plan", "plan", "Plan"),
      mode("auto", "auto", "Auto"),
      mode("bypassPermissions", "never_ask", "Never ask"),
    ],
    loadIsLenient: false,
    install: "npm install -g @agentclientprotocol/claude-agent-acp",
    signIn: "claude",
  },
  {
    ...unverified,
    id: "codex-acp",
    label: "Codex (ACP)",
    programs: ["codex-acp"],
    env: { NO_BROWSER: "1" },
    inherit: ["CODEX_*", "OPENAI_*"],
    sharedBy: "all",
    approvals: { kind: "mode", ask: "workspace-write" },
    modes: [
      mode("workspace-write", "ask", "Ask"),
      mode("read-only", "ask_untrusted", "Read only"),
      mode("agent", "auto", "Auto review"),
    ],
    stop: "sigterm",
    rejectEndsTurn: true,
    loadIsLenient: false,
    install: "npm install -g @agentclientprotocol/codex-acp",
    signIn: "codex login",
  },
  {
    ...unverified,
    id: "qwen",
    label: "Qwen Code",
    programs: ["qwen", "qwen-code"],
    args: ["--acp"],
    inherit: ["OPENAI_*", "QWEN_*", "DASHSCOPE_*"],
    approvals: { kind: "mode", ask: "default" },
    modes: [
      mode("default", "ask", "Ask"),
      mode("plan", "plan", "Plan"),
      mode("auto-edit", "accept_edits", "Accept edits"),
      mode("auto", "auto", "Auto"),
      mode("yolo", "never_ask", "Never ask"),
    ],
    loadIsLenient: false,
    install: "npm install -g @qwen-code/qwen-code",
    signIn: "qwen",
  },
  {
    ...unverified,
    id: "goose",
    label: "goose",
    programs: ["goose"],
    args: ["acp"],
    env: { GOOSE_MODE: "approve" },
    inherit: ["GOOSE_*", "OPENAI_*", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"],
    sharedBy: "all",
    approvals: { kind: "mode", ask: "approve" },
    modes: [
      mode("approve", "ask", "Ask"),
      mode("smart_approve", "ask_untrusted", "Ask when risky"),
      mode("auto", "never_ask", "Never ask"),
      mode("chat", "other", "Chat only"),
    ],
    stop: "sigterm",
    loadIsLenient: false,
    errorsAsText: /^Ran into this error: /,
    install: "npm install -g @aaif/goose",
    signIn: "goose configure",
  },
  {
    ...unverified,
    id: "pi",
    label: "pi",
    programs: ["pi-acp"],
    inherit: ["PI_*", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"],
    sharedBy: "all",
    approvals: { kind: "none" },
    modesAre: "thinking",
    loadIsLenient: false,
    install: "npm install -g pi-acp",
  },
]

/**
 * The profile of a command line: by its program's name, or, behind an interpreter or a package runner, by the name of
 * the script or package it is given.
 */
export function profileFor(command: string, args: readonly string[] = []): AcpProfile {
  const names = new Set([programName(command), ...args.flatMap(namesInArgument)])
  return profiles.find((profile) => profile.programs.some((name) => names.has(name))) ?? unverified
}

function programName(path: string): string {
  return basename(path).replace(/\.(exe|cmd|js|mjs|cjs|ts)$/, "")
}

function namesInArgument(argument: string): readonly string[] {
  if (argument.startsWith("-")) return []
  return argument.split("/").map((part) => programName(part.replace(/(?<=.)@[^@]*$/, "")))
}
