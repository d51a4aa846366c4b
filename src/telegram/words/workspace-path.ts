/** Paths as the owner reads them on a phone. Pure. */
import { pathBelow } from "../../core/outgoing-file.ts"

/** Relative to the workspace when it lies in it. */
export function shortPath(path: string, workspace: string): string {
  if (path === workspace) return "."
  return pathBelow(workspace, path) ?? path
}

/** A command or any text in which the workspace's path would only take room. */
export function withoutWorkspace(text: string, workspace: string): string {
  return workspace.length > 1 ? text.replaceAll(`${workspace}/`, "") : text
}
