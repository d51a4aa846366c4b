/** What begins like a command and is none of ours. */
import { existsSync } from "node:fs"

/** Commands that agents take as a prompt of that form: of Codex and Claude Code. */
const AGENTS: ReadonlySet<string> = new Set([
  ...["agents", "clear", "compact", "context", "cost", "hooks", "init", "mcp", "memory", "release_notes"],
  ...["review", "security_review", "skills", "usage"],
])

/** An agent's own command, or the beginning of a path on this machine. */
export function isForAgent(name: string): boolean {
  return AGENTS.has(name) || existsSync(`/${name}`)
}
