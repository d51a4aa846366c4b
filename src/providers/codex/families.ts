/**
 * Which threads are sub-agents of which: they ask on threads of their own, and Codex names the parent in passing only. A
 * turn of theirs names the turn that led to it, the parent's items name them, and a thread may name its parent.
 */
import { z } from "zod"

const Began = z.object({
  threadId: z.string(),
  turn: z.object({ id: z.string(), rootTurnId: z.string().nullish() }),
})
const Spawned = z.object({
  threadId: z.string(),
  item: z.union([
    z.object({ type: z.literal("collabAgentToolCall"), receiverThreadIds: z.array(z.string()) }),
    z.object({ type: z.literal("subAgentActivity"), agentThreadId: z.string() }),
  ]),
})
const Started = z.object({ thread: z.object({ id: z.string(), parentThreadId: z.string() }) })

/** Turns remembered, so that a connection of weeks does not grow. */
const TURNS_KEPT = 1_000
/** Sub-agents have sub-agents, but not without end. */
const MAX_DEPTH = 20

export class Families {
  readonly #parents = new Map<string, string>()
  /** The thread of each turn that began a chain of work. */
  readonly #roots = new Map<string, string>()

  /** Learns from a notification, whatever it is. */
  note(method: string, params: unknown): void {
    switch (method) {
      case "turn/started":
        return this.#noteTurn(params)
      case "item/started":
      case "item/completed":
        return this.#noteSpawn(params)
      case "thread/started": {
        const started = Started.safeParse(params)
        if (started.success) this.adopt(started.data.thread.id, started.data.thread.parentThreadId)
        return
      }
      default:
        return
    }
  }

  adopt(child: string, parent: string): void {
    if (child !== parent) this.#parents.set(child, parent)
  }

  /** The thread itself, then whoever it works for. */
  *lineage(thread: string): Generator<string> {
    let next: string | undefined = thread
    for (let depth = 0; next !== undefined && depth < MAX_DEPTH; depth++) {
      yield next
      next = this.#parents.get(next)
    }
  }

  #noteTurn(params: unknown): void {
    const began = Began.safeParse(params)
    if (!began.success) return
    const { threadId, turn } = began.data
    const root = turn.rootTurnId ?? turn.id
    if (root === turn.id) this.#remember(root, threadId)
    const parent = this.#roots.get(root)
    if (parent !== undefined && !this.#parents.has(threadId)) this.adopt(threadId, parent)
  }

  #noteSpawn(params: unknown): void {
    const spawned = Spawned.safeParse(params)
    if (!spawned.success) return
    const { threadId, item } = spawned.data
    const children = item.type === "subAgentActivity" ? [item.agentThreadId] : item.receiverThreadIds
    for (const child of children) this.adopt(child, threadId)
  }

  #remember(turn: string, thread: string): void {
    this.#roots.set(turn, thread)
    const oldest = this.#roots.size > TURNS_KEPT ? this.#roots.keys().next().value : undefined
    if (oldest !== undefined) this.#roots.delete(oldest)
  }
}
