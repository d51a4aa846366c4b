/** Writes a session's events to the terminal as they come; a message grows while it is being written. */
import type { Writable } from "node:stream"
import { styleText } from "node:util"
import { describeFailure } from "../../core/failure-words.ts"
import type { ChatSay } from "../../core/texts/chat.ts"
import type { RecordedFact } from "../../protocol/facts.ts"
import type { RequestId, TurnId } from "../../protocol/ids.ts"
import type { LiveText } from "../../protocol/live.ts"
import type { Item, Outcome, Prompt } from "../../protocol/session.ts"
import { harmless } from "../harmless.ts"
import { commandHead, itemLines, type Line, noticeLine } from "./item-lines.ts"

export interface TranscriptOptions {
  readonly stdout: Writable
  readonly say: ChatSay
  /** Words for an outcome that is not an answer. */
  readonly describeOutcome: (outcome: Outcome) => string
  readonly showTime: (instant: number) => string
}

const styles = { plain: [], dim: ["dim"], strong: ["bold"], bad: ["red"] } as const

export class Transcript {
  readonly #options: TranscriptOptions
  /** Items already begun on the screen, by turn and item id, with how much of their text is there. */
  readonly #begun = new Map<string, string>()
  /** Turns whose answer was shown as a message, so that the outcome need not repeat it. */
  readonly #answered = new Map<TurnId, string>()
  /** Prompts typed here: the terminal already shows them. */
  readonly #typedHere = new Set<TurnId>()
  /** Requests answered here: who answered them is no news. */
  readonly #answeredHere = new Set<RequestId>()
  /** The message whose line is not ended yet. */
  #open: string | null = null

  constructor(options: TranscriptOptions) {
    this.#options = options
  }

  typedHere(turn: TurnId): void {
    this.#typedHere.add(turn)
  }

  answeredHere(request: RequestId): void {
    this.#answeredHere.add(request)
  }

  lines(lines: readonly Line[]): void {
    this.#endMessage()
    for (const { look, text } of lines) this.#write(`${this.#styled(text, look)}\n`)
  }

  live({ turn, item, channel, text }: LiveText): void {
    const key = `${turn} ${item}`
    // Of a very long text only the end comes while it grows; what is missing comes with the finished item.
    const goesOn = text.startsWith(this.#begun.get(key) ?? "")
    if (channel === "message" && goesOn) this.#message(key, text)
  }

  event({ turn, fact }: RecordedFact): void {
    const { say } = this.#options
    if (turn === null) return
    switch (fact.kind) {
      case "turn.queued":
        return this.#queued(turn, fact.prompt)
      case "turn.edited":
        return this.lines([{ look: "strong", text: `› ${harmless(fact.prompt.text)}` }])
      case "item":
        return this.#item(turn, fact.item)
      case "notice":
        return this.lines([noticeLine(fact.notice, say)])
      case "turn.held": {
        const reason = describeFailure(fact.hold.failure, say)
        const time = this.#options.showTime(fact.hold.until)
        return this.lines([{ look: "dim", text: say("chat.held", { time, reason: harmless(reason) }) }])
      }
      case "turn.ended":
        return this.#ended(turn, fact.outcome)
      case "turn.dropped":
        return this.#ended(turn, { kind: "stopped", text: "" })
      case "request.answered": {
        if (this.#answeredHere.delete(fact.request)) return
        const by = harmless(fact.by.detail)
        return this.lines([{ look: "dim", text: say("request.closed_by", { by }) }])
      }
      case "request.closed":
        return this.lines([{ look: "dim", text: say("request.closed") }])
      default:
        return
    }
  }

  #queued(turn: TurnId, { text, files }: Prompt): void {
    if (this.#typedHere.delete(turn)) return
    const { say } = this.#options
    const attached = files.length > 0 ? ` [${say("chat.files", { count: files.length })}]` : ""
    this.lines([
      { look: "dim", text: say("chat.elsewhere") },
      { look: "strong", text: `› ${harmless(text)}${attached}` },
    ])
  }

  #item(turn: TurnId, item: Item): void {
    const key = `${turn} ${item.id}`
    if (item.status === "dropped") return
    if (item.kind === "message") {
      this.#message(key, item.text)
      if (item.status === "running") return
      this.#endMessage()
      this.#answered.set(turn, item.text)
      return
    }
    if (item.kind === "command" && !this.#begun.has(key)) {
      this.#begun.set(key, "")
      this.lines(commandHead(item.command))
    }
    if (item.status !== "running") this.lines(itemLines(item, this.#options.say))
  }

  /** Writes what is new of a message; one that was changed behind our back is written again. */
  #message(key: string, text: string): void {
    const shown = this.#begun.get(key) ?? ""
    if (shown === text) return
    const goesOn = text.startsWith(shown)
    if (!goesOn || this.#open !== key) this.#endMessage()
    this.#write(harmless(goesOn ? text.slice(shown.length) : text))
    this.#begun.set(key, text)
    this.#open = key
  }

  #ended(turn: TurnId, outcome: Outcome): void {
    this.#endMessage()
    const said = this.#answered.get(turn)
    this.#answered.delete(turn)
    if (outcome.text !== "" && outcome.text !== said && !said?.endsWith(outcome.text)) {
      this.lines([{ look: "plain", text: harmless(outcome.text) }])
    }
    if (outcome.kind !== "completed") {
      this.lines([{ look: "bad", text: harmless(this.#options.describeOutcome(outcome)) }])
    }
    for (const key of this.#begun.keys()) if (key.startsWith(turn)) this.#begun.delete(key)
  }

  #endMessage(): void {
    if (this.#open === null) return
    const isLineOpen = !this.#begun.get(this.#open)?.endsWith("\n")
    this.#open = null
    if (isLineOpen) this.#write("\n")
  }

  #styled(text: string, look: Line["look"]): string {
    const style = styles[look]
    return style.length === 0 ? text : styleText([...style], text, { stream: this.#options.stdout })
  }

  #write(text: string): void {
    this.#options.stdout.write(text)
  }
}
