/** What git does that the owner should know. */
import { type Args, has, hasShort, valuesOf } from "./command-args.ts"
import type { RiskReason } from "./risk-reason.ts"

/** Settings of git that name a program, or where programs are looked for. */
const GIT_PROGRAM =
  /hooksPath|alias\.|credential|sshCommand|pager|editor|fsmonitor|askpass|gpg\.(?:\w+\.)?program|external|textconv|driver|filter\.|include\.path|proxy|protocol\.|uploadpack|receivepack|\.cmd\b/i

export function gitRisks(args: Args): readonly RiskReason[] {
  const set = valuesOf(args, ["-c", "--config-env"]).some((value) => GIT_PROGRAM.test(value))
  return [...(set ? (["changes_automation"] as const) : []), ...gitVerb(withoutGitOptions(args))]
}

function gitVerb([verb = "", ...rest]: Args): readonly RiskReason[] {
  switch (verb) {
    case "push":
      return isForcePush(rest) ? ["force_pushes"] : ["publishes"]
    case "reset":
      return has(rest, "--hard", "--merge") ? ["discards_work"] : []
    case "clean":
      return hasShort(rest, "fdxX") || has(rest, "--force") ? ["discards_work", "deletes_recursively"] : []
    case "checkout":
      return has(rest, ".", "--", "-f", "--force") ? ["discards_work"] : []
    case "switch":
      return has(rest, "-f", "--force", "--discard-changes") ? ["discards_work"] : []
    case "restore":
    case "filter-branch":
    case "filter-repo":
    case "rebase":
    case "update-ref":
      return ["discards_work"]
    case "stash":
      return has(rest, "drop", "clear", "-u", "-a", "--include-untracked", "--all") ? ["discards_work"] : []
    case "branch":
    case "tag":
      return has(rest, "-D", "-d", "--delete") ? ["discards_work"] : []
    case "reflog":
    case "gc":
      return rest.some((arg) => /expire|prune/.test(arg)) ? ["discards_work"] : []
    case "worktree":
      return has(rest, "remove") ? ["deletes_recursively"] : []
    case "config":
      return has(rest, "--global", "--system") || rest.some((arg) => GIT_PROGRAM.test(arg))
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
