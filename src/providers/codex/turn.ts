/** One attempt while Codex works on it: one turn of Codex' own, or one after another towards a goal. */
import type { AttemptId, Instant } from "../../protocol/ids.ts"
import type { Failure, FileChange, Item, Notice, Outcome, Usage } from "../../protocol/session.ts"
import { AttemptRecord, type DraftItem } from "../attempt-record.ts"
import type { EventSink, Log } from "../provider.ts"
import { readChanges } from "./file-changes.ts"
import type { AnyItem, Notification, Turn as WireTurn } from "./incoming.ts"
import { isWork, readItem, readSteps, type Stage } from "./items.ts"

export interface TurnOptions {
  readonly attempt: AttemptId
  /** Begun without a prompt of ours: by the owner in another Codex, by a goal, or by a sub-agent. */
  readonly isOwn: boolean
  /** The sub-agent's thread when the attempt is all about its questions; else null. */
  readonly helper: string | null
  readonly sink: EventSink
  readonly log: Log
  readonly startedAt: Instant
  /** Says that a kind of item is not understood. */
  readonly onUnread: (kind: string) => void
}

/** Why a turn is being ended before its time. */
export type Stop = { readonly kind: "owner" } | { readonly kind: "gave_up"; readonly failure: Failure }

export class Turn {
  readonly attempt: AttemptId
  readonly isOwn: boolean
  readonly helper: string | null
  readonly startedAt: Instant
  readonly record: AttemptRecord
  readonly accepted: Promise<string>
  readonly ended: Promise<void>
  /** Set once somebody wants it to end; decides what its end means. */
  stop: Stop | null = null
  /** Codex is retrying by itself, so what it is silent about is the connection. */
  isReconnecting = false
  readonly #options: TurnOptions
  readonly #accepted = Promise.withResolvers<string>()
  readonly #ended = Promise.withResolvers<void>()
  #id: string | null = null
  #prompts = 0
  #usage: Required<Pick<Usage, "inputTokens" | "cachedInputTokens" | "outputTokens">> | null = null
  /** What was said in earlier turns of Codex' that belong to this attempt; null when there was none. */
  #before: { readonly text: string; readonly wasSilent: boolean } | null = null

  constructor(options: TurnOptions) {
    const { attempt, sink, log } = options
    this.#options = options
    this.attempt = attempt
    this.isOwn = options.isOwn
    this.helper = options.helper
    this.startedAt = options.startedAt
    this.record = new AttemptRecord({ attempt, sink, log })
    this.accepted = this.#accepted.promise
    this.ended = this.#ended.promise
  }

  /** Codex' own id of the turn that runs now, or ran last; null until Codex has accepted the prompt. */
  get id(): string | null {
    return this.#id
  }

  get isEnded(): boolean {
    return this.record.isEnded
  }

  /** Whether Codex waits for something that it runs itself. */
  get isAtWork(): boolean {
    return this.record.items().some((item) => item.status === "running" && isWork(item))
  }

  /** `told` is what the host hears of it, before anything else; nothing when it knows already. */
  accept(id: string, told: "accepted" | "known" | { readonly began: string }): void {
    this.#id = id
    if (told === "accepted") this.record.accept()
    else if (told === "known") this.record.resume()
    else this.record.begin(told.began)
    this.#accepted.resolve(id)
  }

  /** Codex went on by itself: what it begins now belongs to the same attempt. */
  goOn(id: string): void {
    this.#before = { text: this.text(), wasSilent: this.isSilentSoFar() }
    this.#prompts = 0
    this.#id = id
    this.record.startOver()
  }

  notice(notice: Notice): void {
    this.record.notice(notice)
  }

  // What Codex tells

  handle({ method, params }: Notification): void {
    switch (method) {
      case "item/started":
        return this.takeItem(params.item, "started")
      case "item/completed":
        return this.takeItem(params.item, "completed")
      case "item/agentMessage/delta":
        return this.record.append(params.itemId, "message", params.delta)
      case "item/plan/delta":
        return this.record.append(params.itemId, "plan", params.delta)
      case "item/reasoning/summaryTextDelta":
      case "item/reasoning/textDelta":
        return this.record.append(params.itemId, "reasoning", params.delta)
      case "item/commandExecution/outputDelta":
        return this.record.append(params.itemId, "output", params.delta)
      case "item/fileChange/patchUpdated":
        return this.#updatePatch(params)
      case "turn/plan/updated":
        return this.record.put(
          readSteps(`${this.#id ?? this.attempt}-steps`, params.plan, params.explanation),
        )
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
    if (read) this.record.put(this.#cutOff(read))
  }

  /** A command that failed because it was stopped did not fail by itself. */
  #cutOff(item: DraftItem): DraftItem {
    const isStopped = item.kind === "command" && item.status === "failed" && this.stop !== null
    return isStopped ? { ...item, status: "interrupted" } : item
  }

  #updatePatch(params: { itemId: string; changes: Parameters<typeof readChanges>[0] }): void {
    const item = this.record.item(params.itemId)
    if (item?.kind === "file_change") this.record.put({ ...item, changes: readChanges(params.changes) })
  }

  #dropUnfinishedTalk(): void {
    for (const item of this.record.items()) {
      if (item.status === "running" && isTalk(item)) this.record.put({ ...item, status: "dropped" })
    }
  }

  #addUsage({ last, modelContextWindow }: UsageReport): void {
    this.#usage = {
      inputTokens: (this.#usage?.inputTokens ?? 0) + last.inputTokens,
      cachedInputTokens: (this.#usage?.cachedInputTokens ?? 0) + last.cachedInputTokens,
      outputTokens: (this.#usage?.outputTokens ?? 0) + last.outputTokens,
    }
    this.record.usage({
      ...this.#usage,
      contextTokens: last.totalTokens,
      ...(modelContextWindow ? { contextWindow: modelContextWindow } : {}),
    })
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

  changesOf(item: string): readonly FileChange[] {
    const found = this.record.item(item)
    return found?.kind === "file_change" ? found.changes : []
  }

  // Its end

  /** Takes over what the transcript has of it: all but what is still running. */
  takeTranscript(turn: WireTurn): void {
    for (const item of turn.items) this.takeItem(item, "completed")
  }

  isSilentSoFar(): boolean {
    const wasSilent = this.#before?.wasSilent ?? true
    return wasSilent && !this.record.items().some((item) => item.kind !== "reasoning")
  }

  text(): string {
    const said = this.record.items().filter((item) => item.status !== "dropped" && isTalk(item) && item.text)
    const message = textOf(said.findLast((item) => item.kind === "message"))
    const plan = textOf(said.findLast((item) => item.kind === "plan" && item.steps.length === 0))
    // What Codex says with a plan that it proposes does not repeat the plan.
    const now = message && plan ? `${message.trimEnd()}\n\n${plan}` : message || plan
    return now || (this.#before?.text ?? "")
  }

  /** Idempotent: the first end counts. */
  end(outcome: Outcome): void {
    if (this.isEnded) return
    this.record.end(outcome)
    this.#ended.resolve()
  }

  /** It never began: Codex refused the prompt, or certainly did not get it. */
  abandon(): void {
    this.record.abandon()
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
