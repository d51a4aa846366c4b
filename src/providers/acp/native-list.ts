import type { NativeSession } from "../../protocol/session.ts"
import type { AcpConnection } from "./connection.ts"
import { ListResult } from "./wire.ts"

const MAX_PAGES = 50

type Listed = ListResult["sessions"][number]

export function offersList(connection: AcpConnection): boolean {
  return connection.initialized.agentCapabilities?.sessionCapabilities?.list === true
}

/** Page by page until `enough` says so, the agent has no more, or 50 pages are read. */
export async function listPages(
  connection: AcpConnection,
  workspace: string | undefined,
  enough: (found: readonly Listed[]) => boolean,
): Promise<readonly Listed[]> {
  const found: Listed[] = []
  let cursor: string | null | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = { ...(workspace !== undefined && { cwd: workspace }), ...(cursor && { cursor }) }
    const result = await connection.request("session/list", params, ListResult)
    found.push(...result.sessions)
    cursor = result.nextCursor
    if (!cursor || enough(found)) break
  }
  return found
}

export async function findNative(connection: AcpConnection, nativeId: string): Promise<Listed | null> {
  const isIt = (listed: Listed): boolean => listed.sessionId === nativeId
  return (await listPages(connection, undefined, (found) => found.some(isIt))).find(isIt) ?? null
}

export function nativeSession(listed: Listed, isOurs: boolean): NativeSession {
  const updatedAt = Date.parse(listed.updatedAt ?? "")
  return {
    nativeId: listed.sessionId,
    title: listed.title ?? "",
    workspace: listed.cwd,
    updatedAt: Number.isNaN(updatedAt) ? 0 : Math.max(0, updatedAt),
    origin: isOurs ? "ours" : "other",
    state: "free",
    settings: {},
  }
}
