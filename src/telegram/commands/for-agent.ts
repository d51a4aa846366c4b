/** What begins like a command and is none of ours. */

/** Commands that agents take as a prompt of that form: of Codex and Claude Code. */
const AGENTS: ReadonlySet<string> = new Set([
  ...["agents", "clear", "compact", "context", "cost", "hooks", "init", "mcp", "memory", "release_notes"],
  ...["review", "security_review", "skills", "usage"],
])

/** Where absolute paths begin, on Linux and on a Mac: a session may live on another machine than this. */
const ROOTS: ReadonlySet<string> = new Set([
  ...[
    "bin",
    "boot",
    "data",
    "dev",
    "etc",
    "home",
    "lib",
    "lib64",
    "media",
    "mnt",
    "nix",
    "opt",
    "proc",
    "root",
  ],
  ...["run", "sbin", "snap", "srv", "sys", "tmp", "usr", "var", "workspace", "workspaces"],
  ...["applications", "library", "system", "users", "volumes", "private"],
])

/** An agent's own command, or the beginning of a path. */
export function isForAgent(name: string): boolean {
  return AGENTS.has(name) || ROOTS.has(name.toLowerCase())
}
