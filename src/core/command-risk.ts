/** What single programs do that the owner should know, by their name and arguments. */
import type { RiskReason } from "./risk-reason.ts"

type Args = readonly string[]
type Rule = (args: Args) => readonly RiskReason[]

/** Programs that fetch from the network and print or store what they got. */
export const DOWNLOADERS: ReadonlySet<string> = new Set(["curl", "wget", "http", "https", "aria2c", "fetch"])

/** Programs that run code given to them. */
export const INTERPRETERS: ReadonlySet<string> = new Set([
  ...["sh", "bash", "zsh", "dash", "ash", "ksh", "fish", "source", ".", "eval"],
  ...["python", "python3", "node", "perl", "ruby", "php", "deno", "bun", "osascript", "pwsh"],
])

export function programRisks(program: string, args: Args): readonly RiskReason[] {
  const rule =
    RULES[program] ??
    RULES[program.replace(/[\d.]+$/, "")] ??
    (program.startsWith("mkfs") ? always("formats_disk") : none)
  return rule(args)
}

/** What the program writes, moves or removes, as written. */
export function writtenPaths(program: string, args: Args): readonly string[] {
  const operands = args.filter((arg) => !arg.startsWith("-"))
  if (ALL_OPERANDS.has(program)) return operands
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
      return args.some((arg) => /^-(?:delete|exec(?:dir)?|ok)$/.test(arg)) ? operands.slice(0, 1) : []
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
])
const LAST_OPERAND: ReadonlySet<string> = new Set(["cp", "ln", "install", "rsync", "scp"])

function none(): readonly RiskReason[] {
  return []
}

function always(...reasons: readonly RiskReason[]): Rule {
  return () => reasons
}

/** `-rf` has `r`. */
function hasShort(args: Args, letters: string): boolean {
  return args.some(
    (arg) =>
      /^-[a-zA-Z]+/.test(arg) && !arg.startsWith("--") && [...letters].some((letter) => arg.includes(letter)),
  )
}

function has(args: Args, ...words: readonly string[]): boolean {
  return args.some(
    (arg) => words.includes(arg) || words.some((word) => word.startsWith("--") && arg.startsWith(`${word}=`)),
  )
}

function valuesOf(args: Args, options: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) => {
    const next = args[index + 1]
    if (options.includes(arg) && next !== undefined) return [next]
    const joined = options.find((option) => option.startsWith("--") && arg.startsWith(`${option}=`))
    return joined === undefined ? [] : [arg.slice(joined.length + 1)]
  })
}

function when(reason: RiskReason, test: (args: Args) => boolean): Rule {
  return (args) => (test(args) ? [reason] : [])
}

function remove(args: Args): readonly RiskReason[] {
  return hasShort(args, "rR") || has(args, "--recursive") ? ["deletes_recursively"] : ["deletes_files"]
}

function find(args: Args): readonly RiskReason[] {
  if (has(args, "-delete")) return ["deletes_recursively"]
  const run = args.findIndex((arg) => /^-(?:exec(?:dir)?|ok)$/.test(arg))
  if (run === -1) return []
  return ["rm", "shred", "unlink"].includes(args[run + 1] ?? "")
    ? ["deletes_recursively"]
    : ["runs_inline_code"]
}

function git(args: Args): readonly RiskReason[] {
  const [verb = "", ...rest] = withoutGitOptions(args)
  switch (verb) {
    case "push":
      return isForcePush(rest) ? ["force_pushes"] : ["publishes"]
    case "reset":
      return has(rest, "--hard", "--merge") ? ["discards_work"] : []
    case "clean":
      return hasShort(rest, "fdxX") || has(rest, "--force") ? ["discards_work", "deletes_recursively"] : []
    case "checkout":
      return has(rest, ".", "--", "-f", "--force") ? ["discards_work"] : []
    case "restore":
    case "filter-branch":
    case "filter-repo":
    case "rebase":
    case "update-ref":
      return ["discards_work"]
    case "stash":
      return has(rest, "drop", "clear") ? ["discards_work"] : []
    case "branch":
    case "tag":
      return has(rest, "-D", "-d", "--delete") ? ["discards_work"] : []
    case "reflog":
    case "gc":
      return rest.some((arg) => /expire|prune/.test(arg)) ? ["discards_work"] : []
    case "worktree":
      return has(rest, "remove") ? ["deletes_recursively"] : []
    case "config":
      return has(rest, "--global", "--system") ||
        rest.some((arg) => /hooksPath|alias\.|credential|sshCommand/i.test(arg))
        ? ["changes_automation"]
        : []
    case "clone":
    case "fetch":
    case "pull":
    case "submodule":
      return ["uses_network"]
    default:
      return []
  }
}

function withoutGitOptions(args: Args): Args {
  let at = 0
  while (args[at]?.startsWith("-"))
    at += ["-C", "-c", "--git-dir", "--work-tree"].includes(args[at] ?? "") ? 2 : 1
  return args.slice(at)
}

function isForcePush(args: Args): boolean {
  const refs = args.filter((arg) => !arg.startsWith("-")).slice(1)
  const isForced = hasShort(args, "fd") || args.some((arg) => /^--(?:force|delete|mirror|prune)/.test(arg))
  return isForced || refs.some((ref) => /^[+:]/.test(ref))
}

function packages(args: Args): readonly RiskReason[] {
  const verb = args.find((arg) => !arg.startsWith("-")) ?? ""
  if (/^(?:publish|unpublish|deprecate|login|owner|upload)$/.test(verb)) return ["publishes"]
  if (/^(?:exec|dlx|x|create|init)$/.test(verb) && args.length > 1) return ["runs_downloaded_code"]
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
  return sends || changes ? ["uploads_data"] : ["uses_network"]
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
    /--privileged|--pid[= ]host|--net(?:work)?[= ]host|docker\.sock|--cap-add|(?:-v|--volume|source=)[= ]?(?:\/|~|\$HOME)(?:[:\s]|$)/
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
  git,
  ...each(
    [
      "npm",
      "pnpm",
      "yarn",
      "bun",
      "pip",
      "pipx",
      "poetry",
      "uv",
      "gem",
      "cargo",
      "go",
      "composer",
      "brew",
      "conda",
    ],
    packages,
  ),
  ...each(
    ["apt", "apt-get", "dnf", "yum", "pacman", "apk", "zypper", "snap", "flatpak", "port", "dpkg", "rpm"],
    packageSystem,
  ),
  ...each(["npx", "bunx", "uvx", "pnpx"], always("runs_downloaded_code")),
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
    ...(/\b(?:repo|release|secret|issue) delete\b/.test(args.join(" "))
      ? (["destroys_resources"] as const)
      : []),
    ...(/\b(?:create|merge|upload|secret set|-X|--method)\b/.test(args.join(" "))
      ? (["publishes"] as const)
      : []),
  ],
  ...each(["dropdb", "dropuser"], always("destroys_resources")),
  "redis-cli": matching("destroys_resources", /flush(?:all|db)/i),
  ...each(["python", "node", "perl", "ruby", "php", "osascript", "pwsh", "deno"], inlineCode),
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
