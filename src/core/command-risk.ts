/** What single programs do that the owner should know, by their name and arguments. */
import { type Args, has, hasShort, valuesOf } from "./command-args.ts"
import { gitRisks } from "./git-risk.ts"
import type { RiskReason } from "./risk-reason.ts"

type Rule = (args: Args) => readonly RiskReason[]

/** Programs that fetch from the network and print or store what they got. */
export const DOWNLOADERS: ReadonlySet<string> = new Set(["curl", "wget", "http", "https", "aria2c", "fetch"])

/** Programs that run code given to them. */
export const INTERPRETERS: ReadonlySet<string> = new Set([
  ...["sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "source", ".", "eval"],
  ...["python", "python3", "node", "perl", "ruby", "php", "deno", "bun", "osascript", "pwsh"],
])

export function programRisks(program: string, args: Args): readonly RiskReason[] {
  return (ruleOf(program) ?? none)(args)
}

/** Whether its harm is told by name and arguments. */
export function hasRules(program: string): boolean {
  return ruleOf(program) !== null
}

function ruleOf(program: string): Rule | null {
  const name = Object.hasOwn(RULES, program) ? program : program.replace(/[\d.]+$/, "")
  if (Object.hasOwn(RULES, name)) return RULES[name] ?? null
  return program.startsWith("mkfs") ? always("formats_disk") : null
}

/** What the program writes, moves or removes, as written. */
export function writtenPaths(program: string, args: Args): readonly string[] {
  const operands = args.filter((arg) => !arg.startsWith("-"))
  if (ALL_OPERANDS.has(program) && !args.includes("-t")) return operands
  const targets = TARGETED.has(program) ? valuesOf(args, ["-t", "--target-directory"]) : []
  if (targets.length > 0) return targets
  if (LAST_OPERAND.has(program)) return operands.length > 1 ? operands.slice(-1) : []
  switch (program) {
    case "chmod":
    case "chown":
    case "chgrp":
      return operands.slice(1)
    case "sed":
    case "perl":
      return hasShort(args, "i") || args.includes("--in-place")
        ? operands.slice(args.includes("-e") ? 0 : 1)
        : []
    case "dd":
      return args.flatMap((arg) => (arg.startsWith("of=") ? [arg.slice(3)] : []))
    case "find":
      return [
        ...(args.some((arg) => /^-(?:delete|exec(?:dir)?|ok(?:dir)?)$/.test(arg))
          ? operands.slice(0, 1)
          : []),
        ...valuesOf(args, ["-fprint", "-fprint0", "-fprintf", "-fls"]),
      ]
    case "tar":
      return valuesOf(args, ["-C", "--directory"])
    case "unzip":
      return valuesOf(args, ["-d"])
    case "curl":
      return valuesOf(args, ["-o", "--output", "--output-dir"])
    case "wget":
      return valuesOf(args, ["-O", "-P", "--output-document", "--directory-prefix"])
    default:
      return []
  }
}

const TARGETED: ReadonlySet<string> = new Set(["cp", "mv", "ln", "install"])
const ALL_OPERANDS: ReadonlySet<string> = new Set([
  "rm",
  "rmdir",
  "unlink",
  "shred",
  "mv",
  "touch",
  "mkdir",
  "tee",
  "truncate",
  "mkfifo",
  "ed",
  "ex",
])
const LAST_OPERAND: ReadonlySet<string> = new Set(["cp", "ln", "install", "rsync", "scp"])

function none(): readonly RiskReason[] {
  return []
}

function always(...reasons: readonly RiskReason[]): Rule {
  return () => reasons
}

function when(reason: RiskReason, test: (args: Args) => boolean): Rule {
  return (args) => (test(args) ? [reason] : [])
}

function remove(args: Args): readonly RiskReason[] {
  return hasShort(args, "rR") || has(args, "--recursive") ? ["deletes_recursively"] : ["deletes_files"]
}

function find(args: Args): readonly RiskReason[] {
  if (has(args, "-delete")) return ["deletes_recursively"]
  const run = args.findIndex((arg) => /^-(?:exec(?:dir)?|ok(?:dir)?)$/.test(arg))
  if (run === -1) return []
  return ["rm", "shred", "unlink"].includes(args[run + 1] ?? "")
    ? ["deletes_recursively"]
    : ["runs_inline_code"]
}

function packages(args: Args): readonly RiskReason[] {
  const verb = args.find((arg) => !arg.startsWith("-")) ?? ""
  if (/^(?:publish|unpublish|deprecate|login|owner|upload)$/.test(verb)) return ["publishes"]
  if (/^(?:exec|dlx|x|create|init)$/.test(verb) && args.length > 1) return ["runs_downloaded_code"]
  if (verb === "run" && args.some((arg) => /^https?:|^[\w.-]+\.[a-z]+\/\S*@/.test(arg)))
    return ["runs_downloaded_code"]
  if (/^run/.test(verb) && args.some((arg) => /deploy|publish|release/.test(arg))) return ["publishes"]
  return /^(?:i|ci|in|add|install|update|upgrade|up|sync|get|require|dist-upgrade|full-upgrade|remove|uninstall|purge|tap)$/.test(
    verb,
  )
    ? ["installs_packages"]
    : []
}

function curl(args: Args): readonly RiskReason[] {
  const sends = args.some((arg) =>
    /^(?:-[dFT].*|--data.*|--form.*|--upload-file.*|--json.*|--post-(?:data|file).*)$/.test(arg),
  )
  const changes = valuesOf(args, ["-X", "--request", "--method"]).some(
    (verb) => !/^(?:GET|HEAD|OPTIONS)$/i.test(verb),
  )
  const tells = args.some((arg) => arg.includes("$()"))
  return sends || changes || tells ? ["uploads_data"] : ["uses_network"]
}

function kill(args: Args): readonly RiskReason[] {
  // 1 is the first process, -1 (as a target) all of them.
  const targets = args.filter((arg, index) => !(index === 0 && arg.startsWith("-")))
  return targets.some((target) => target === "-1" || target === "1") ? ["stops_machine"] : ["kills_processes"]
}

function permissions(args: Args): readonly RiskReason[] {
  const isWide =
    hasShort(args, "R") ||
    has(args, "--recursive") ||
    args.some((arg) => /^(?:[0-7]?777|[ugoa]*\+[rwx]*s|[2467][0-7]{3}|[ao]*\+r?wx?)$/.test(arg))
  return isWide ? ["changes_permissions"] : []
}

function containers(args: Args): readonly RiskReason[] {
  const line = args.join(" ")
  const opens =
    /--privileged|--pid[= ]host|--net(?:work)?[= ]host|docker\.sock|--cap-add|(?:-v|--volume|source=|src=)[= ]?(?:\/|~|\$HOME)(?:[:,\s]|$)/
  return [
    ...(opens.test(line) ? (["weakens_isolation"] as const) : []),
    ...(/(?:^|\s)(?:prune|rmi?|down\b.*\s(?:-v|--volumes))(?=\s|$)/.test(line)
      ? (["destroys_resources"] as const)
      : []),
    ...(/^(?:push|login)\b/.test(line) ? (["publishes"] as const) : []),
    ...(/^(?:run|pull|build|compose up)\b/.test(line) ? (["uses_network"] as const) : []),
  ]
}

function inlineCode(args: Args): readonly RiskReason[] {
  return args.some((arg) => /^(?:-c|-e|-E|-r|-p|--eval|--print|-|eval)$/.test(arg))
    ? ["runs_inline_code"]
    : []
}

function service(args: Args): readonly RiskReason[] {
  if (has(args, "reboot", "poweroff", "halt", "suspend", "hibernate", "rescue")) return ["stops_machine"]
  return has(args, "status", "list-units", "is-active", "show", "cat", "list", "print")
    ? []
    : ["changes_system"]
}

const matching = (reason: RiskReason, pattern: RegExp): Rule =>
  when(reason, (args) => pattern.test(args.join(" ")))

const system = always("changes_system")

/** Programs that are agents themselves: what they do nobody here is asked. */
const AGENTS = [
  ...[
    "claude",
    "codex",
    "gemini",
    "opencode",
    "goose",
    "aider",
    "qwen",
    "cursor-agent",
    "amp",
    "crush",
    "copilot",
    "openclaw",
  ],
]

function agent(args: Args): readonly RiskReason[] {
  return args.length > 0 &&
    args.every((arg) => /^(?:--version|-v|-V|--help|-h|version|help|doctor)$/.test(arg))
    ? []
    : ["starts_agent"]
}

const RULES: Readonly<Record<string, Rule>> = {
  ...each(["rm"], remove),
  ...each(["unlink", "rmdir", "trash"], always("deletes_files")),
  ...each(
    [
      "shred",
      "wipefs",
      "fdisk",
      "parted",
      "sgdisk",
      "mkswap",
      "cryptsetup",
      "format",
      "lvremove",
      "vgremove",
      "zpool",
    ],
    always("formats_disk"),
  ),
  diskutil: matching("formats_disk", /erase|partition|reformat/i),
  dd: when("formats_disk", (args) => args.some((arg) => /^of=\/dev\/(?!null)/.test(arg))),
  find,
  git: gitRisks,
  ...each(
    ["npm", "pnpm", "yarn", "bun", "pip", "poetry", "uv", "gem", "cargo", "go", "composer", "brew", "conda"],
    packages,
  ),
  ...each(
    ["apt", "apt-get", "dnf", "yum", "pacman", "apk", "zypper", "snap", "flatpak", "port", "dpkg", "rpm"],
    packageSystem,
  ),
  uvx: always("runs_downloaded_code"),
  twine: matching("publishes", /^upload/),
  ...each(["curl", "wget", "http", "https", "aria2c"], curl),
  ...each(["ssh", "mosh", "telnet"], always("reaches_other_machine")),
  ...each(["scp", "sftp", "ftp", "rclone", "nc", "ncat", "netcat", "socat"], always("uploads_data")),
  rsync: (args) => [
    ...(args.some((arg) => /^[^/]+:/.test(arg)) ? (["uploads_data"] as const) : []),
    ...(args.some((arg) => arg.startsWith("--delete")) ? (["deletes_recursively"] as const) : []),
  ],
  kill,
  ...each(["pkill", "killall", "xkill", "fuser"], always("kills_processes")),
  ...each(["chmod", "chown", "chgrp", "setfacl"], permissions),
  ...each(["shutdown", "reboot", "halt", "poweroff", "init", "telinit"], always("stops_machine")),
  ...each(["systemctl", "launchctl", "service"], service),
  crontab: when("changes_system", (args) => !has(args, "-l")),
  ...each(["useradd", "userdel", "usermod", "passwd", "visudo", "chpasswd", "groupadd"], system),
  ...each(
    [
      "iptables",
      "nft",
      "ufw",
      "sysctl",
      "modprobe",
      "insmod",
      "mount",
      "umount",
      "at",
      "batch",
      "update-alternatives",
    ],
    system,
  ),
  ...each(["setenforce", "csrutil", "spctl", "defaults", "chattr", "swapoff"], system),
  ...each(["docker", "podman", "nerdctl"], containers),
  ...each(["chroot", "nsenter", "unshare"], always("weakens_isolation")),
  kubectl: matching("destroys_resources", /\b(?:delete|drain|replace --force)\b/),
  helm: matching("destroys_resources", /\b(?:uninstall|delete)\b/),
  ...each(["terraform", "tofu", "pulumi"], matching("destroys_resources", /\b(?:destroy|apply|up)\b/)),
  ...each(
    ["aws", "gcloud", "az", "gsutil", "doctl", "flyctl", "heroku"],
    matching("destroys_resources", /\b(?:delete|rm|rb|destroy|terminate|remove)[\w-]*/),
  ),
  gh: (args) => [
    ...(/(?:-X|--method)[ =]?DELETE\b/i.test(args.join(" ")) ? (["destroys_resources"] as const) : []),
    ...(/\b(?:repo|release|secret|issue) delete\b/.test(args.join(" "))
      ? (["destroys_resources"] as const)
      : []),
    ...(/\b(?:create|merge|upload|secret set|-X|--method)\b/.test(args.join(" "))
      ? (["publishes"] as const)
      : []),
  ],
  ...each(["dropdb", "dropuser"], always("destroys_resources")),
  "redis-cli": matching("destroys_resources", /flush(?:all|db)/i),
  ...each(["python", "node", "perl", "ruby", "php", "osascript", "pwsh"], inlineCode),
  ...each(AGENTS, agent),
  ...each(["npx", "bunx", "pnpx"], (args) => [
    ...(args.every((arg) => /^--?(?:version|v|help|h)$/.test(arg))
      ? []
      : (["runs_downloaded_code"] as const)),
    ...(args.some((arg) => /claude-code|openai\/codex|gemini-cli|opencode|qwen-code/.test(arg))
      ? (["starts_agent"] as const)
      : []),
  ]),
  ...each(["pipx", "nix"], (args) =>
    args.some((arg) => /^(?:run|shell|develop)$/.test(arg)) ? ["runs_downloaded_code"] : packages(args),
  ),
  deno: (args) => [...inlineCode(args), ...packages(args)],
  env: (args) => (args.every((arg) => arg.startsWith("-")) ? ["reveals_environment"] : []),
  printenv: (args) =>
    args.length === 0 || args.some((arg) => /KEY|TOKEN|SECRET|PASS|CRED|AUTH/i.test(arg))
      ? ["reveals_environment"]
      : [],
  ...each(["set", "export", "declare", "typeset"], (args) =>
    args.length === 0 || (args.length === 1 && args[0] === "-p") ? ["reveals_environment"] : [],
  ),
  enable: when("runs_inline_code", (args) => args.includes("-f")),
  openssl: when("uploads_data", (args) => args[0] === "s_client"),
  tar: when("unclear", (args) => hasShort(args, "P") || has(args, "--absolute-names")),
  ...each(
    ["ping", "dig", "nslookup", "host"],
    when("uploads_data", (args) => args.some((arg) => arg.includes("$()"))),
  ),
  ...each(["expect"], always("runs_inline_code")),
  ...each(["security", "secret-tool", "pass", "op", "gpg", "keyring"], always("touches_credentials")),
}

function packageSystem(args: Args): readonly RiskReason[] {
  return has(args, "list", "search", "show", "info", "policy", "-l", "-L", "-s", "-q", "-qa")
    ? []
    : ["installs_packages"]
}

function each(programs: readonly string[], rule: Rule): Record<string, Rule> {
  return Object.fromEntries(programs.map((program) => [program, rule]))
}
