/** What running turns look like right now: never stored, rebuilt from what arrives. */
import { throwAlone } from "../core/throw-alone.ts"
import type { ItemId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Item, Notice, Usage } from "../protocol/session.ts"

const ITEMS_KEPT = 100
/** UTF-16 units of one item's text: more than any surface shows at once. */
const TEXT_KEPT = 64 * 1024

type Goal = Extract<Notice, { code: "goal" }>

export interface LiveText {
  readonly channel: "message" | "reasoning" | "output"
  /** Where `text` begins in the item's whole text; above 0 when its beginning was let go. */
  readonly start: number
  readonly text: string
}

export interface LiveTurn {
  readonly turn: TurnId
  readonly session: SessionId
  /** In the order they began; a newer state replaces an older one in place. */
  readonly items: ReadonlyMap<ItemId, Item>
  /** Text of items that are still being written, by item. */
  readonly texts: ReadonlyMap<string, LiveText>
  readonly notice: Notice | null
  /** What the agent works towards by itself, as it was last told. */
  readonly goal: Goal | null
  readonly usage: Usage | null
}

type Mutable = {
  -readonly [K in keyof LiveTurn]: LiveTurn[K] extends ReadonlyMap<infer A, infer B> ? Map<A, B> : LiveTurn[K]
}

export type LiveChange =
  | { readonly kind: "item"; readonly item: Item }
  /** Only what was added, and where; at 0 it starts over. */
  | {
      readonly kind: "text"
      readonly item: string
      readonly channel: LiveText["channel"]
      readonly offset: number
      readonly text: string
    }
  | { readonly kind: "notice" | "usage" | "ended" }
export type LiveListener = (turn: LiveTurn, change: LiveChange) => void

export class LiveTurns {
  readonly #turns = new Map<TurnId, Mutable>()
  readonly #listeners = new Set<LiveListener>()
  readonly #onFault: (fault: unknown) => void

  /** @param onFault hears what a listener throws; the others are told all the same. */
  constructor(onFault: (fault: unknown) => void = throwAlone) {
    this.#onFault = onFault
  }

  /** Calls back on every change of every running turn; returns the way to stop it. */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  find(turn: TurnId): LiveTurn | null {
    return this.#turns.get(turn) ?? null
  }

  item(turn: TurnId, session: SessionId, item: Item): void {
    const live = this.#ensure(turn, session)
    live.items.set(item.id, item)
    if (item.status !== "running") live.texts.delete(item.id)
    if (live.items.size > ITEMS_KEPT) this.#forgetOldest(live)
    live.notice = null
    this.#tell(live, { kind: "item", item })
  }

  /** Appends at `offset`; 0 starts over. After a gap only what follows it is known. */
  text(
    turn: TurnId,
    session: SessionId,
    more: { item: string; channel: LiveText["channel"]; offset: number; text: string },
  ): void {
    const live = this.#ensure(turn, session)
    // What comes late of an item that is finished would stand beside it for ever.
    const item = live.items.get(more.item as ItemId)
    if (item && item.status !== "running") return
    const known = more.offset === 0 ? undefined : live.texts.get(more.item)
    const isNext = known !== undefined && known.start + known.text.length === more.offset
    const start = isNext ? known.start : more.offset
    live.texts.set(more.item, tail(more.channel, start, (isNext ? known.text : "") + more.text))
    this.#tell(live, { kind: "text", ...more })
  }

  notice(turn: TurnId, session: SessionId, notice: Notice): void {
    const live = this.#ensure(turn, session)
    if (notice.code === "goal") live.goal = notice
    else live.notice = notice
    this.#tell(live, { kind: "notice" })
  }

  usage(turn: TurnId, session: SessionId, usage: Usage): void {
    const live = this.#ensure(turn, session)
    live.usage = usage
    this.#tell(live, { kind: "usage" })
  }

  end(turn: TurnId): void {
    const live = this.#turns.get(turn)
    if (!live) return
    this.#turns.delete(turn)
    this.#tell(live, { kind: "ended" })
  }

  #ensure(turn: TurnId, session: SessionId): Mutable {
    const known = this.#turns.get(turn)
    if (known) return known
    const live: Mutable = {
      turn,
      session,
      items: new Map(),
      texts: new Map(),
      notice: null,
      goal: null,
      usage: null,
    }
    this.#turns.set(turn, live)
    return live
  }

  #forgetOldest(live: Mutable): void {
    const oldest = live.items.keys().next().value
    if (oldest !== undefined) live.items.delete(oldest)
  }

  #tell(live: LiveTurn, change: LiveChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(live, change)
      } catch (fault) {
        this.#onFault(fault)
      }
    }
  }
}

function tail(channel: LiveText["channel"], start: number, text: string): LiveText {
  const excess = text.length - TEXT_KEPT
  return excess <= 0 ? { channel, start, text } : { channel, start: start + excess, text: text.slice(excess) }
}
