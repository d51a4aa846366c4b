/** What grew in a session since its watchers were told: items that run, and their texts. */
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import type { Item } from "../../protocol/session.ts"
import type { LiveChange } from "../live.ts"
import { type Frame, frameOf } from "./frame.ts"
import { shownItem } from "./work.ts"

type TextChange = Extract<LiveChange, { kind: "text" }>

interface Entry {
  readonly turn: TurnId
  item: Item | null
  /** Pieces that follow each other. */
  texts: TextChange[]
}

export class Growing {
  readonly #session: SessionId
  readonly #entries = new Map<string, Entry>()

  constructor(session: SessionId) {
    this.#session = session
  }

  note(turn: TurnId, change: Exclude<LiveChange, { kind: "notice" | "usage" }>): void {
    switch (change.kind) {
      case "ended":
        return this.#forget(turn)
      case "item": {
        const key = `${turn} ${change.item.id}`
        // A finished one is an event, and its text with it.
        if (change.item.status === "running") this.#entry(key, turn).item = change.item
        else this.#entries.delete(key)
        return
      }
      case "text": {
        const entry = this.#entry(`${turn} ${change.item}`, turn)
        if (change.offset === 0) entry.texts = []
        entry.texts.push(change)
      }
    }
  }

  /** One frame for what follows each other; then nothing is new. */
  take(): readonly Frame[] {
    const frames = [...this.#entries.values()].flatMap(({ turn, item, texts }) => [
      ...(item ? [frameOf({ type: "item", session: this.#session, turn, item: shownItem(item) })] : []),
      ...joined(texts).map(({ item: id, channel, offset, text }) =>
        frameOf({ type: "text", session: this.#session, turn, item: id, channel, at: offset, text }),
      ),
    ])
    this.clear()
    return frames
  }

  clear(): void {
    this.#entries.clear()
  }

  #entry(key: string, turn: TurnId): Entry {
    const known = this.#entries.get(key)
    if (known) return known
    const fresh = { turn, item: null, texts: [] }
    this.#entries.set(key, fresh)
    return fresh
  }

  #forget(turn: TurnId): void {
    for (const [key, entry] of this.#entries) if (entry.turn === turn) this.#entries.delete(key)
  }
}

function joined(texts: readonly TextChange[]): readonly TextChange[] {
  const pieces: TextChange[] = []
  for (const next of texts) {
    const last = pieces.at(-1)
    if (last && last.offset + last.text.length === next.offset)
      pieces[pieces.length - 1] = { ...last, text: last.text + next.text }
    else pieces.push(next)
  }
  return pieces
}
