/** What an option that lasts really grants, from how the agent words its scope. */
import { INTERPRETERS } from "./command-risk.ts"
import { isWrapper, SHELLS } from "./unwrap-command.ts"

/** `unsaid`: nothing tells what is covered. */
export type Reach = "as_said" | "anything" | "unsaid"

/** Programs that run what they are given, or what files say that the agent may write. */
const RUNNERS: ReadonlySet<string> = new Set([
  ...[
    "find",
    "fd",
    "awk",
    "gawk",
    "sed",
    "tar",
    "make",
    "just",
    "cmake",
    "ninja",
    "git",
    "ssh",
    "scp",
    "rsync",
    "docker",
    "podman",
  ],
  ...[
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "npx",
    "bunx",
    "pnpx",
    "uv",
    "uvx",
    "pip",
    "pipx",
    "poetry",
    "cargo",
    "go",
    "gradle",
    "mvn",
  ],
  ...[
    "vim",
    "vi",
    "ed",
    "emacs",
    "less",
    "man",
    "nix",
    "script",
    "expect",
    "gdb",
    "claude",
    "codex",
    "gemini",
    "opencode",
  ],
  ...[
    "curl",
    "wget",
    "nc",
    "socat",
    "kubectl",
    "crontab",
    "at",
    "systemctl",
    "launchctl",
    "tee",
    "cp",
    "mv",
    "dd",
    "install",
  ],
])

/** Scopes as Codex writes them (`xargs`), as Claude does (`npm run build:*`), or a list of either. */
export function reachOf(scope: string | null): Reach {
  if (scope === null || scope.trim() === "") return "unsaid"
  return scope.split(/,\s*/).some(grantsAnything) ? "anything" : "as_said"
}

function grantsAnything(rule: string): boolean {
  if (/^(?:every|any|all)\b|^\*+$|\(\*+\)/i.test(rule.trim())) return true
  const [first = "", second = ""] = rule.replace(/:\*/g, " *").trim().split(/\s+/)
  const program = first.slice(first.lastIndexOf("/") + 1)
  if (isWrapper(program) || SHELLS.has(program) || INTERPRETERS.has(program)) return true
  // `git status` is one thing, `git` and `git *` are all it can do; packages' scripts are files that an agent edits.
  return (
    RUNNERS.has(program) &&
    (program !== "git" || second === "" || second.startsWith("*") || second.startsWith("-"))
  )
}
