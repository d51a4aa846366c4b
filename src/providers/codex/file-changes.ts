import type { FileChange } from "../../protocol/session.ts"
import { boundText } from "../bounded-text.ts"
import type { FileUpdateChange } from "./incoming.ts"

/** Codex gives the bare content for added and deleted files, and a diff with a trailer for moved ones. */
export function readChanges(changes: readonly FileUpdateChange[]): readonly FileChange[] {
  return changes.map(({ path, kind, diff }): FileChange => {
    const movedTo = kind.move_path
    switch (kind.type) {
      case "add":
        return { path, change: "add", diff: boundText(wholeFile(diff, "+")).text }
      case "delete":
        return { path, change: "delete", diff: boundText(wholeFile(diff, "-")).text }
      default: {
        const bare = boundText(diff.replace(/\n+Moved to: [^\n]*\n?$/u, "\n")).text
        return movedTo === null
          ? { path, change: "update", diff: bare }
          : { path, change: "move", movedTo, diff: bare }
      }
    }
  })
}

function wholeFile(content: string, sign: "+" | "-"): string {
  if (content === "") return ""
  const lines = (content.endsWith("\n") ? content.slice(0, -1) : content).split("\n")
  const range = sign === "+" ? `-0,0 +1,${lines.length}` : `-1,${lines.length} +0,0`
  return `@@ ${range} @@\n${lines.map((line) => `${sign}${line}\n`).join("")}`
}
