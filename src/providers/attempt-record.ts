/**
 * What is told of one attempt, in the order the host relies on, whatever the agent does: accepted first, ended once
 * and last, nothing left open, nothing twice. An adapter translates and gives it here.
 */
import { isDeepStrictEqual } from "node:util"
import type { AttemptId, ItemId, RequestId } from "../protocol/ids.ts"
import type {
  Item,
  ItemStatus,
  Notice,
  Outcome,
  ProviderEvent,
  RequestBody,
  Usage,
} from "../protocol/session.ts"
import { BoundedText } from "./bounded-text.ts"
import { itemId } from "./ids.ts"
import type { DeltaChannel, EventSink, Log } from "./provider.ts"

type Unnamed<T> = T extends Item ? Omit<T, "id"> : never
/** An item under the agent's own name for it, whatever that is. */
export type DraftItem = Unnamed<Item> & { readonly id: string }

/** What grows by pieces; a plan's text is streamed like a message. */
export type Growing = "message" | "reasoning" | "plan" | "output"

export type ClosedWhy = Extract<ProviderEvent, { kind: "request.closed" }>["why"]

export interface AttemptRecordParts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  readonly log: Log
  /** The status of an item that the agent left open. */
  readonly closing?: (item: Item, outcome: Outcome) => ItemStatus
}

type State = "new" | "open" | "ended"

export class AttemptRecord {
  readonly attempt: AttemptId
  readonly #parts: AttemptRecordParts
  readonly #items = new Map<ItemId, Item>()
  /** Output of running commands so far: some of it never comes with the whole item. */
  readonly #outputs = new Map<ItemId, BoundedText>()
  readonly #requests = new Set<RequestId>()
  /** What was told before the agent had accepted the prompt, for after that. */
  readonly #early: (() => void)[] = []
  #state: State = "new"

  constructor(parts: AttemptRecordParts) {
    this.attempt = parts.attempt
    this.#parts = parts
  }

  get isAccepted(): boolean {
    return this.#state !== "new"
  }

  get isEnded(): boolean {
    return this.#state === "ended"
  }

  /** The agent has the prompt. */
  accept(): void {
    this.#start({ kind: "attempt.accepted", attempt: this.attempt })
  }

  /** The agent began by itself. */
  begin(reason: string): void {
    this.#start({ kind: "attempt.began", attempt: this.attempt, reason })
  }

  /** The host knows already that it was accepted, from an earlier life. */
  resume(): void {
    this.#start(null)
  }

  /** In the order they began, each as it was told last. */
  items(): readonly Item[] {
    return [...this.#items.values()]
  }

  item(id: string): Item | undefined {
    return this.#items.get(itemId(id))
  }

  /** A begun or changed item. The same again is not told again. */
  put(draft: DraftItem): void {
    this.#tell("an item", () => this.#put({ ...draft, id: itemId(draft.id) } as Item))
  }

  /** More of an item; one that was not told yet begins with its first piece. */
  append(id: string, kind: Growing, text: string): void {
    if (text === "") return
    this.#tell("text", () => this.#append(itemId(id), kind, text))
  }

  notice(notice: Notice): void {
    this.#tell("a notice", () => this.#emit({ kind: "notice", attempt: this.attempt, notice }))
  }

  usage(usage: Usage): void {
    this.#tell("usage", () => this.#emit({ kind: "usage", attempt: this.attempt, usage }))
  }

  /** Of `OpenRequests`, which knows how to answer it. */
  requestOpened(request: RequestId, body: RequestBody): void {
    this.#tell("a request", () => {
      if (this.#requests.has(request)) return
      this.#requests.add(request)
      this.#emit({ kind: "request.opened", attempt: this.attempt, request, body })
    })
  }

  requestClosed(request: RequestId, why: ClosedWhy): void {
    this.#tell("the end of a request", () => {
      if (this.#requests.delete(request)) {
        this.#emit({ kind: "request.closed", attempt: this.attempt, request, why })
      }
    })
  }

  /** The agent goes on by itself, as if prompted again: what it had begun is closed, what it had done is forgotten. */
  startOver(): void {
    this.#tell("a further turn", () => {
      this.#closeItems({ kind: "completed", text: "" })
      this.#items.clear()
      this.#outputs.clear()
    })
  }

  /** Closes whatever is open. The first end counts. */
  end(outcome: Outcome): void {
    if (this.#state === "ended") return this.#late("another end")
    this.accept()
    for (const request of [...this.#requests]) this.requestClosed(request, "withdrawn")
    this.#closeItems(outcome)
    this.#state = "ended"
    this.#emit({ kind: "attempt.ended", attempt: this.attempt, outcome })
  }

  /** It never began: the agent refused the prompt, or certainly did not get it. Nothing is told. */
  abandon(): void {
    this.#state = "ended"
    this.#early.length = 0
  }

  #start(told: ProviderEvent | null): void {
    if (this.#state !== "new") return
    this.#state = "open"
    if (told !== null) this.#emit(told)
    for (const tell of this.#early.splice(0)) tell()
  }

  /** Nothing that an agent tells after the end changes what was told. */
  #tell(what: string, tell: () => void): void {
    switch (this.#state) {
      case "new":
        this.#early.push(tell)
        return
      case "open":
        return tell()
      case "ended":
        return this.#late(what)
    }
  }

  #late(what: string): void {
    this.#parts.log.info({ attempt: this.attempt, what }, "told of an attempt that had ended; dropped")
  }

  #put(item: Item): void {
    const whole = this.#withOutput(item)
    if (isDeepStrictEqual(this.#items.get(item.id), whole)) return
    this.#items.set(item.id, whole)
    this.#emit({ kind: "item", attempt: this.attempt, item: whole })
  }

  #withOutput(item: Item): Item {
    if (item.kind !== "command" || item.status === "running") return item
    const collected = this.#outputs.get(item.id)
    this.#outputs.delete(item.id)
    if (item.output !== undefined || collected === undefined) return item
    const { text, truncated } = collected.value()
    return { ...item, output: text, ...(truncated ? { truncated } : {}) }
  }

  #append(id: ItemId, kind: Growing, text: string): void {
    if (kind === "output") {
      const output = this.#outputs.get(id) ?? new BoundedText()
      output.append(text)
      this.#outputs.set(id, output)
      return this.#delta(id, "output", text)
    }
    if (!this.#items.has(id)) this.#put(emptyTalk(kind, id))
    const item = this.#items.get(id)
    if (item === undefined || !isTalk(item) || item.status !== "running") return
    this.#items.set(id, { ...item, text: (item.text ?? "") + text })
    this.#delta(id, kind === "reasoning" ? "reasoning" : "message", text)
  }

  #delta(id: ItemId, channel: DeltaChannel, text: string): void {
    this.#parts.sink.delta(this.attempt, id, channel, text)
  }

  #closeItems(outcome: Outcome): void {
    for (const item of this.#items.values()) {
      if (item.status === "running") this.#put({ ...item, status: this.#closing(item, outcome) })
    }
  }

  #closing(item: Item, outcome: Outcome): ItemStatus {
    return this.#parts.closing?.(item, outcome) ?? leftover(item, outcome)
  }

  #emit(event: ProviderEvent): void {
    this.#parts.sink.emit(event)
  }
}

/** Of an item that the agent never completed. A list of steps is done when its turn is; text that was never confirmed is not. */
function leftover(item: Item, outcome: Outcome): ItemStatus {
  if (outcome.kind !== "completed") return "interrupted"
  if (item.kind === "plan" && item.steps.length > 0) return "completed"
  return isTalk(item) ? "dropped" : "interrupted"
}

type Talk = Extract<Item, { kind: "message" | "reasoning" | "plan" }>

function isTalk(item: Item): item is Talk {
  return item.kind === "message" || item.kind === "reasoning" || item.kind === "plan"
}

function emptyTalk(kind: Talk["kind"], id: ItemId): Item {
  return kind === "plan"
    ? { kind, id, status: "running", steps: [], text: "" }
    : { kind, id, status: "running", text: "" }
}
