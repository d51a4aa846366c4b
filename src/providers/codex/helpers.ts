/** The sub-agents of a session: what they change is kept for their questions, the rest is their own affair. */
import type { FileChange } from "../../protocol/session.ts"
import type { Log } from "../provider.ts"
import { type Connection, Refused, type RpcId, type ServerRequest } from "./connection.ts"
import { readChanges } from "./file-changes.ts"
import { type AnyItem, type Notification, subAgentName } from "./incoming.ts"

const NAMELESS = "sub-agent"

interface Helper {
  /** Its turn that runs now. */
  turn: string | null
  /** Changes of files that it has begun and not finished. */
  readonly changes: Map<string, readonly FileChange[]>
  readonly name: Promise<string>
}

export interface HelperAsk {
  readonly thread: string
  readonly connection: Connection
  readonly request: ServerRequest
}

export class Helpers {
  readonly #log: Log
  readonly #helpers = new Map<string, Helper>()
  /** What they wait for the owner with; it outlives the attempt in which it came up. */
  readonly #asks = new Map<RpcId, HelperAsk>()

  constructor(log: Log) {
    this.#log = log
  }

  notified(thread: string, connection: Connection, { method, params }: Notification): void {
    const helper = this.#of(thread, connection)
    switch (method) {
      case "turn/started":
        helper.turn = params.turn.id
        return
      case "turn/completed":
        helper.turn = null
        helper.changes.clear()
        return
      case "item/started":
        return keep(helper, params.item)
      case "item/completed":
        helper.changes.delete(params.item.id)
        return
      case "item/fileChange/patchUpdated":
        helper.changes.set(params.itemId, readChanges(params.changes))
        return
      case "serverRequest/resolved":
        this.#asks.delete(params.requestId)
        return
      default:
        return
    }
  }

  /** Found at work on a connection that was made after it began. */
  found(
    thread: string,
    connection: Connection,
    turn: { readonly id: string; readonly items: readonly AnyItem[] },
  ) {
    const helper = this.#of(thread, connection)
    helper.turn = turn.id
    for (const item of turn.items) keep(helper, item)
  }

  asked(ask: HelperAsk): void {
    this.#asks.set(ask.request.id, ask)
  }

  isWaiting(request: RpcId): boolean {
    return this.#asks.has(request)
  }

  settled(request: RpcId): void {
    this.#asks.delete(request)
  }

  /** Takes all that is still waited for, to be asked anew or not at all. */
  takeAsks(): readonly HelperAsk[] {
    const asks = [...this.#asks.values()]
    this.#asks.clear()
    return asks
  }

  changesOf(thread: string, item: string): readonly FileChange[] {
    return this.#helpers.get(thread)?.changes.get(item) ?? []
  }

  turnOf(thread: string): string | null {
    return this.#helpers.get(thread)?.turn ?? null
  }

  nameOf(thread: string, connection: Connection): Promise<string> {
    return this.#of(thread, connection).name
  }

  /** Those at work, with their turns. */
  atWork(): readonly { readonly threadId: string; readonly turnId: string }[] {
    return [...this.#helpers].flatMap(([threadId, { turn }]) =>
      turn === null ? [] : [{ threadId, turnId: turn }],
    )
  }

  threads(): readonly string[] {
    return [...this.#helpers.keys()]
  }

  #of(thread: string, connection: Connection): Helper {
    const known = this.#helpers.get(thread)
    if (known) return known
    const helper: Helper = { turn: null, changes: new Map(), name: this.#ask(thread, connection) }
    this.#helpers.set(thread, helper)
    return helper
  }

  async #ask(threadId: string, connection: Connection): Promise<string> {
    try {
      const { thread } = await connection.request("thread/read", { threadId })
      return subAgentName(thread) ?? NAMELESS
    } catch (error) {
      const level = error instanceof Refused ? "info" : "warn"
      this.#log[level]({ error, threadId }, "Codex did not tell a sub-agent's name")
      return NAMELESS
    }
  }
}

/**
 * Finds the sub-agents that were at work before this connection was made, and joins their threads: what they wait for
 * is then asked again.
 * @throws ConnectionLost
 */
export async function adoptHelpers(
  helpers: Helpers,
  { connection, id: parent }: { readonly connection: Connection; readonly id: string },
  log: Log,
): Promise<void> {
  const { data } = await connection.request("thread/loaded/list", {})
  for (const threadId of data.filter((thread) => thread !== parent)) {
    try {
      const { thread } = await connection.request("thread/read", { threadId })
      if (thread.parentThreadId === null) continue
      connection.adopt(threadId, thread.parentThreadId)
      if (!connection.isOf(threadId, parent) || thread.status.type !== "active") continue
      const { initialTurnsPage } = await connection.request("thread/resume", {
        threadId,
        excludeTurns: true,
        initialTurnsPage: { limit: 1, sortDirection: "desc", itemsView: "full" },
      })
      const newest = initialTurnsPage?.data[0]
      if (newest?.status === "inProgress") helpers.found(threadId, connection, newest)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      log.info({ error, threadId }, "a thread of Codex could not be looked at")
    }
  }
}

function keep({ changes }: Helper, item: AnyItem): void {
  if (item.type === "fileChange" && item.status === "inProgress")
    changes.set(item.id, readChanges(item.changes))
}
