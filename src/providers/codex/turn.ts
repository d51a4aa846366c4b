/** One attempt while Codex works on it: its items, its open requests, its silence, and its one outcome. */
import { isDeepStrictEqual } from "node:util"
import { type AttemptId, type Instant, type ItemId, RequestId } from "../../protocol/ids.ts"
import type {
  Answer,
  Failure,
  FileChange,
  Item,
  ItemStatus,
  Notice,
  Outcome,
  ProviderEvent,
  Usage,
} from "../../protocol/session.ts"
import { BoundedText } from "../bounded-text.ts"
import type { DeltaChannel, EventSink } from "../provider.ts"
import type { RpcId } from "./connection.ts"
import { readChanges } from "./file-changes.ts"
import type { AnyItem, Notification, Turn as WireTurn } from "./incoming.ts"
import { isWork, itemId, readItem, readSteps, type Stage } from "./items.ts"
import type { Question } from "./requests.ts"

export interface TurnOptions {
  readonly attempt: AttemptId
  /** Begun by the owner in another Codex, on a thread that both have open. */
  readonly isElsewhere: boolean
  readonly sink: EventSink
  readonly startedAt: Instant
  /** Says that a kind of item is not understood. */
  readonly onUnread: (kind: string) => void
}

/** Why a turn is being ended before its time. */
export type Stop = { readonly kind: "owner" } | { readonly kind: "gave_up"; readonly failure: Failure }

interface PendingRequest {
  readonly rpcId: RpcId
  readonly question: Question
}

export class Turn {
  readonly attempt: AttemptId
  readonly isElsewhere: boolean
  readonly startedAt: Instant
  readonly accepted: Promise<string>
  readonly ended: Promise<void>
  /** Resolves once something was asked of the owner. */
  readonly asked: Promise<void>
  /** Set once somebody wants it to end; decides what its end means. */
  stop: Stop | null = null
  /** Codex is retrying by itself, so what it is silent about is the connection. */
  isReconnecting = false
  readonly #options: TurnOptions
  readonly #accepted = Promise.withResolvers<string>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #asked = Promise.withResolvers<void>()
  readonly #items = new Map<ItemId, Item>()
  /** Output of running commands so far: some of it never comes as a delta, some only as one. */
  readonly #outputs = new Map<ItemId, BoundedText>()
  readonly #requests = new Map<RequestId, PendingRequest>()
  /** Notices of a turn that is not accepted yet, to be told after that. */
  readonly #early: Notice[] = []
  #id: string | null = null
  #prompts = 0
  #usage: Required<Pick<Usage, "inputTokens" | "cachedInputTokens" | "outputTokens">> | null = null
  #isEnded = false

  constructor(options: TurnOptions) {
    this.#options = options
    this.attempt = options.attempt
    this.isElsewhere = options.isElsewhere
    this.startedAt = options.startedAt
    this.accepted = this.#accepted.promise
    this.ended = this.#ended.promise
    this.asked = this.#asked.promise
  }

  /** Codex' own id; null until Codex has accepted the prompt. */
  get id(): string | null {
    return this.#id
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Waiting for the owner, or for something Codex itself runs. */
  get isExcused(): boolean {
    const works = this.#items.values().some((item) => item.status === "running" && isWork(item))
    return works || this.#requests.size > 0
  }

  /** `told` is what the host hears of it, before anything else; nothing when it knows already. */
  accept(id: string, told?: ProviderEvent): void {
    this.#id = id
    if (told) this.#options.sink.emit(told)
    for (const notice of this.#early.splice(0)) this.notice(notice)
    this.#accepted.resolve(id)
  }

  notice(notice: Notice): void {
    if (this.#id === null) this.#early.push(notice)
    else this.#options.sink.emit({ kind: "notice", attempt: this.attempt, notice })
  }

  // What Codex tells

  handle({ method, params }: Notification): void {
    switch (method) {
      case "item/started":
        return this.takeItem(params.item, "started")
      case "item/completed":
        return this.takeItem(params.item, "completed")
      case "item/agentMessage/delta":
      case "item/plan/delta":
        return this.#append(params, method === "item/plan/delta" ? "plan" : "message")
      case "item/reasoning/summaryTextDelta":
      case "item/reasoning/textDelta":
        return this.#append(params, "reasoning")
      case "item/commandExecution/outputDelta":
        return this.#appendOutput(params)
      case "item/fileChange/patchUpdated":
        return this.#updatePatch(params)
      case "turn/plan/updated":
        return this.#put(readSteps(`${this.#id ?? this.attempt}-steps`, params.plan, params.explanation))
      case "thread/tokenUsage/updated":
        return this.#addUsage(params.tokenUsage)
      case "model/rerouted":
        return this.notice({ code: "model_changed", from: params.fromModel, to: params.toModel })
      case "error":
        if (params.willRetry) this.#reconnecting(params.error.message)
        return
      default:
        return
    }
  }

  takeItem(item: AnyItem, stage: Stage): void {
    if (item.type === "unread") return this.#options.onUnread(item.kind)
    if (item.type === "userMessage") {
      // A second prompt in the turn means that it was steered: what was being said is dropped by Codex.
      if (stage === "started" && ++this.#prompts > 1) this.#dropUnfinishedTalk()
      return
    }
    if (item.type === "contextCompaction" && stage === "completed") {
      return this.notice({ code: "context_compacted" })
    }
    const read = readItem(item, stage)
    if (read) this.#put(this.#complete(read))
  }

  #complete(item: Item): Item {
    if (item.kind !== "command" || item.status === "running") return item
    const status = item.status === "failed" && this.stop ? "interrupted" : item.status
    const output = this.#outputs.get(item.id)
    this.#outputs.delete(item.id)
    if (item.output !== undefined || output === undefined) return { ...item, status }
    const { text, truncated } = output.value()
    return { ...item, status, output: text, truncated }
  }

  #put(item: Item): void {
    // A transcript repeats what was told before.
    if (this.#isEnded || isDeepStrictEqual(this.#items.get(item.id), item)) return
    this.#items.set(item.id, item)
    this.#options.sink.emit({ kind: "item", attempt: this.attempt, item })
  }

  #append(
    { itemId: rawId, delta }: { readonly itemId: string; readonly delta: string },
    kind: "message" | "reasoning" | "plan",
  ): void {
    const id = itemId(rawId)
    // After a reconnection the beginning of the item is not told again.
    if (!this.#items.has(id)) this.#put(emptyTalk(kind, id))
    const item = this.#items.get(id)
    if (item === undefined || !isTalk(item)) return
    this.#items.set(id, { ...item, text: (item.text ?? "") + delta })
    this.#stream(id, kind === "reasoning" ? "reasoning" : "message", delta)
  }

  #appendOutput({ itemId: rawId, delta }: { readonly itemId: string; readonly delta: string }): void {
    const id = itemId(rawId)
    const output = this.#outputs.get(id) ?? new BoundedText()
    output.append(delta)
    this.#outputs.set(id, output)
    this.#stream(id, "output", delta)
  }

  #stream(id: ItemId, channel: DeltaChannel, text: string): void {
    if (!this.#isEnded) this.#options.sink.delta(this.attempt, id, channel, text)
  }

  #updatePatch(params: { itemId: string; changes: Parameters<typeof readChanges>[0] }): void {
    const item = this.#items.get(itemId(params.itemId))
    if (item?.kind === "file_change") this.#put({ ...item, changes: readChanges(params.changes) })
  }

  #dropUnfinishedTalk(): void {
    for (const item of this.#items.values()) {
      if (item.status === "running" && isTalk(item)) this.#put({ ...item, status: "dropped" })
    }
  }

  #addUsage({ last, modelContextWindow }: UsageReport): void {
    this.#usage = {
      inputTokens: (this.#usage?.inputTokens ?? 0) + last.inputTokens,
      cachedInputTokens: (this.#usage?.cachedInputTokens ?? 0) + last.cachedInputTokens,
      outputTokens: (this.#usage?.outputTokens ?? 0) + last.outputTokens,
    }
    const usage: Usage = {
      ...this.#usage,
      contextTokens: last.totalTokens,
      ...(modelContextWindow ? { contextWindow: modelContextWindow } : {}),
    }
    this.#options.sink.emit({ kind: "usage", attempt: this.attempt, usage })
  }

  #reconnecting(message: string): void {
    this.isReconnecting = true
    const [, attempt, of] = /(\d+)\/(\d+)/u.exec(message) ?? []
    this.notice({
      code: "retrying",
      ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
      ...(of === undefined ? {} : { of: Number(of) }),
    })
  }

  // Requests

  changesOf(item: string): readonly FileChange[] {
    const found = this.#items.get(itemId(item))
    return found?.kind === "file_change" ? found.changes : []
  }

  /** Codex repeats its open requests to every client that comes back; the same one is put to the owner once. */
  open(rpcId: RpcId, question: Question): void {
    const request = this.#requestId(rpcId)
    const isKnown = this.#requests.has(request)
    this.#requests.set(request, { rpcId, question })
    this.#asked.resolve()
    if (isKnown) return
    this.#options.sink.emit({
      kind: "request.opened",
      attempt: this.attempt,
      request,
      body: question.body,
    })
  }

  isPending(request: RequestId): boolean {
    return this.#requests.has(request)
  }

  /** Takes the request out of the open ones; null when it is not among them. */
  answer(request: RequestId, answer: Answer): { readonly rpcId: RpcId; readonly result: object } | null {
    const pending = this.#requests.get(request)
    if (pending === undefined) return null
    this.#close(request, "answered")
    return { rpcId: pending.rpcId, result: pending.question.respond(answer) }
  }

  /** Codex no longer waits. If not for our answer, then for somebody else's or because the turn is being stopped. */
  resolved(rpcId: RpcId): void {
    const request = this.#requestId(rpcId)
    if (this.#requests.has(request)) this.#close(request, this.stop ? "withdrawn" : "answered_elsewhere")
  }

  #close(request: RequestId, why: "answered" | "answered_elsewhere" | "withdrawn"): void {
    this.#requests.delete(request)
    this.#options.sink.emit({ kind: "request.closed", attempt: this.attempt, request, why })
  }

  /** The same in every life of the host, so that a request it finds again is known to the ledger. */
  #requestId(rpcId: RpcId): RequestId {
    return RequestId.parse(`codex:${this.#id ?? this.attempt}:${rpcId}`)
  }

  // Its end

  /** Takes over what the transcript has of it: all but what is still running. */
  takeTranscript(turn: WireTurn): void {
    for (const item of turn.items) this.takeItem(item, "completed")
  }

  isSilentSoFar(): boolean {
    return !this.#items.values().some((item) => item.kind !== "reasoning")
  }

  text(): string {
    const said = [...this.#items.values()].filter(
      (item) => item.status !== "dropped" && isTalk(item) && item.text,
    )
    const message = textOf(said.findLast((item) => item.kind === "message"))
    const plan = textOf(said.findLast((item) => item.kind === "plan" && item.steps.length === 0))
    // What Codex says with a plan that it proposes does not repeat the plan.
    return message && plan ? `${message.trimEnd()}\n\n${plan}` : message || plan
  }

  /** Idempotent: the first end counts. */
  end(outcome: Outcome): void {
    if (this.#isEnded) return
    for (const request of this.#requests.keys()) this.#close(request, "withdrawn")
    for (const item of this.#items.values()) {
      if (item.status === "running") this.#put(this.#complete({ ...item, status: lastStatus(item, outcome) }))
    }
    this.#isEnded = true
    this.#options.sink.emit({ kind: "attempt.ended", attempt: this.attempt, outcome })
    this.#ended.resolve()
  }

  /** It never began: Codex refused the prompt, or certainly did not get it. */
  abandon(): void {
    this.#isEnded = true
    this.#ended.resolve()
  }
}

interface UsageReport {
  readonly last: {
    readonly totalTokens: number
    readonly inputTokens: number
    readonly cachedInputTokens: number
    readonly outputTokens: number
  }
  readonly modelContextWindow: number | null
}

function textOf(item: Item | undefined): string {
  return item !== undefined && isTalk(item) ? (item.text ?? "") : ""
}

type Talk = Extract<Item, { kind: "message" | "reasoning" | "plan" }>

function isTalk(item: Item): item is Talk {
  return item.kind === "message" || item.kind === "reasoning" || item.kind === "plan"
}

/** Of an item that Codex never completed. */
function lastStatus(item: Item, outcome: Outcome): ItemStatus {
  if (outcome.kind !== "completed") return "interrupted"
  const isStepList = item.kind === "plan" && item.steps.length > 0
  return isStepList ? "completed" : isTalk(item) ? "dropped" : "interrupted"
}

function emptyTalk(kind: Talk["kind"], id: ItemId): Item {
  return kind === "plan"
    ? { kind, id, status: "running", steps: [], text: "" }
    : { kind, id, status: "running", text: "" }
}
