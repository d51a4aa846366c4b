/** One owner in front of one session: shows what happens, sends what is typed, asks what agents ask. */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { isCancel, select } from "@clack/prompts"
import type { ChatSay } from "../../core/texts/chat.ts"
import { ApiRefusal } from "../../protocol/calls.ts"
import type { RecordedFact } from "../../protocol/facts.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { LiveText } from "../../protocol/live.ts"
import type { CommandChoice, SessionSummary, TurnReceipt } from "../../protocol/replies.ts"
import { parseLine } from "../../runtime/commands/parse-line.ts"
import { findCommand } from "../../runtime/commands/table.ts"
import type { ControlClient } from "../control-client.ts"
import { type FeedBatch, followSession } from "../follow-session.ts"
import { harmless } from "../harmless.ts"
import { askRequest, type OpenRequest, requestLines } from "./ask-request.ts"
import type { Input } from "./input.ts"
import type { Line } from "./item-lines.ts"
import { SessionView } from "./session-view.ts"
import type { Transcript } from "./transcript.ts"

export interface ConversationOptions {
  readonly client: ControlClient
  readonly session: SessionSummary
  readonly transcript: Transcript
  readonly say: ChatSay
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  /** What was read ahead of a pipe is there for the session that is shown next. */
  readonly input: Input
}

/** How many events of a session's past are looked through for its last turn. */
const lookBack = 300
/** A second Ctrl-C within this time leaves, in ms. */
const secondInterruptMs = 3000
const resendMs = 500

export class Conversation {
  readonly #options: ConversationOptions
  readonly #input: Input
  readonly #view = new SessionView()
  readonly #leaving = new AbortController()
  /** Arrived and not shown yet: nothing is printed into a question that is being asked. */
  readonly #arrived: FeedBatch[] = []
  /** Came while something was being typed: growing text would tear the line apart. */
  #heldBack: readonly LiveText[] = []
  /** Aborted when something arrives; a new one for each step. */
  #wake = new AbortController()
  /** The request being asked now, and how to take the question back. */
  #asking: { readonly id: string; readonly gone: AbortController } | null = null
  /** The session that is shown after this one. */
  #next: SessionId | null = null
  #lastInterrupt = Number.NEGATIVE_INFINITY
  #hasInputEnded = false
  /** Until the past has been shown: only its last turn is. */
  #isCatchingUp = true

  constructor(options: ConversationOptions) {
    this.#options = options
    this.#input = options.input
  }

  /** Returns when the owner leaves, with the session they leave for; the agent works on. @throws ApiRefusal when the session went away. */
  async run(): Promise<SessionId | null> {
    const onInterrupt = () => void this.#interrupt()
    process.on("SIGINT", onInterrupt)
    const pumping = this.#pump()
    try {
      while (!this.#leaving.signal.aborted) await this.#step()
    } finally {
      process.off("SIGINT", onInterrupt)
      this.#input.release()
      this.#leaving.abort()
      await pumping
    }
    return this.#next
  }

  async #pump(): Promise<void> {
    const { client, session } = this.#options
    const after = Math.max(0, session.lastSeq - lookBack)
    try {
      for await (const batch of followSession({
        client,
        session: session.id,
        after,
        signal: this.#leaving.signal,
      })) {
        this.#arrived.push(batch)
        if (batch.kind === "news") this.#takeBack(batch.events)
        if (!(this.#input.isTyping && isLiveOnly(batch))) this.#wake.abort()
      }
    } finally {
      this.#leaving.abort()
      this.#wake.abort()
    }
  }

  /** A question that was answered elsewhere is not asked any longer. */
  #takeBack(events: readonly RecordedFact[]): void {
    const asked = this.#asking
    const isClosed = events.some(
      ({ fact }) =>
        (fact.kind === "request.closed" || fact.kind === "request.answered") && fact.request === asked?.id,
    )
    if (isClosed) asked?.gone.abort()
  }

  /** Shows what arrived, then does the one thing that is next. */
  async #step(): Promise<void> {
    this.#wake = new AbortController()
    this.#showLive(this.#heldBack)
    for (const batch of this.#arrived.splice(0)) this.#show(batch)
    const { stdin, transcript } = this.#options
    const request = this.#view.nextRequest()
    const { isWorking } = this.#view
    if (request && stdin.isTTY) return await this.#answer(request)
    // What is piped in is a conversation: one after the other.
    if (this.#isCatchingUp || (isWorking && !stdin.isTTY)) return await this.#somethingNew()
    if (this.#hasInputEnded) return this.#leaving.abort()
    const typed = await this.#input.ask({
      prompt: "› ",
      wake: this.#wake.signal,
      isQuiet: isWorking,
      onBegin: () => transcript.lines([]),
    })
    switch (typed.kind) {
      case "woken":
        return
      case "interrupt":
        return await this.#interrupt()
      case "end":
        if (stdin.isTTY) this.#leaving.abort()
        else this.#hasInputEnded = true
        return
      case "text":
        return await this.#obey(typed.text)
    }
  }

  async #somethingNew(): Promise<void> {
    if (!this.#wake.signal.aborted) await once(this.#wake.signal, "abort")
  }

  #show(batch: FeedBatch): void {
    const { transcript, say } = this.#options
    if (batch.kind !== "news") return transcript.lines([{ look: "dim", text: say(`chat.${batch.kind}`) }])
    const { events, session } = batch
    for (const event of events) this.#view.take(event)
    const shown = this.#isCatchingUp ? lastTurn(events) : events
    this.#isCatchingUp = false
    for (const event of shown) {
      transcript.event(event)
      if (event.fact.kind === "request.opened" && !this.#options.stdin.isTTY) this.#announce(event.fact)
    }
    this.#showLive(session.work.texts)
  }

  #showLive(texts: readonly LiveText[]): void {
    this.#heldBack = this.#input.isTyping ? texts : []
    if (!this.#input.isTyping) for (const text of texts) this.#options.transcript.live(text)
  }

  /** Where nobody can be asked, the request stays open for the other surfaces. */
  #announce({ body }: Pick<OpenRequest, "body">): void {
    const { transcript, say, session } = this.#options
    const lines = [...requestLines(body, say, session.workspace), say("request.elsewhere")]
    transcript.lines(lines.map((text): Line => ({ look: "strong", text })))
  }

  async #obey(text: string): Promise<void> {
    const { say } = this.#options
    const line = parseLine(text)
    const command = line ? `/${line.name}` : /^\/\S*$/.exec(text.trimEnd())?.[0]
    if (text.trim() === "") return
    if (command === undefined) return await this.#send(text.trim())
    switch (command) {
      case "/quit":
      case "/exit":
        return this.#leaving.abort()
      case "/stop":
        return await this.#stopTurn()
      case "/help":
        this.#tell(say("chat.help_more"))
    }
    // What begins like a path is none; a name alone was meant for one.
    if (line && findCommand(line.name)) return await this.#run({ line: text.trim() })
    if (line?.rest) return await this.#send(text.trim())
    this.#tell(say("chat.unknown_command", { command }))
  }

  /** A command of the table; what it offers is chosen here. */
  async #run(what: { line: string } | { chosen: CommandChoice }): Promise<void> {
    const { client, session, say, stdin, stdout } = this.#options
    try {
      const { answers, shows } = await client.call("command.run", { session: session.id, ...what })
      for (const { text } of answers) this.#tell(harmless(text))
      if (shows !== null && shows !== session.id) return this.#leaveFor(shows)
      const choices = answers.flatMap((answer) => answer.choices)
      if (choices.length === 0 || !stdin.isTTY) return
      const index = await select({
        message: say("chat.choose"),
        options: choices.map(({ label }, value) => ({ value, label: harmless(label) })),
        ...{ input: stdin, output: stdout, signal: this.#leaving.signal },
      })
      const chosen = isCancel(index) ? undefined : choices[index]
      if (chosen) await this.#run({ chosen })
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error
      this.#tell(error.message)
    }
  }

  #leaveFor(session: SessionId): void {
    this.#next = session
    this.#leaving.abort()
    this.#wake.abort()
  }

  /** Sent again under the same id until the runtime has it: it runs once. */
  async #send(text: string): Promise<void> {
    const { client, session, transcript, say } = this.#options
    const clientId = `chat:${randomUUID()}`
    const receipt = await this.#insist(() =>
      client.call("prompt.send", { session: session.id, clientId, text }),
    )
    if (receipt === null) return
    transcript.typedHere(receipt.turn)
    this.#view.begin(receipt.turn)
    if (receipt.ahead > 0) this.#tell(say("chat.queued", { ahead: receipt.ahead }))
  }

  /** Null: the owner left before the runtime was back. @throws ApiRefusal */
  async #insist(act: () => Promise<TurnReceipt>): Promise<TurnReceipt | null> {
    const { signal } = this.#leaving
    let isLost = false
    while (!signal.aborted) {
      try {
        return await act()
      } catch (error) {
        const refusal = error instanceof ApiRefusal ? error : null
        if (refusal && refusal.code !== "unavailable" && refusal.code !== "storage") throw error
        if (!isLost)
          this.#tell(refusal?.code === "storage" ? refusal.message : this.#options.say("chat.lost"))
        isLost = true
        await pause(resendMs)
      }
    }
    return null
  }

  async #answer(request: OpenRequest): Promise<void> {
    const { client, transcript, say, stdin, stdout } = this.#options
    const gone = new AbortController()
    this.#asking = { id: request.id, gone }
    const answer = await askRequest(request, {
      ...{ say, workspace: this.#options.session.workspace, signal: gone.signal },
      ...{ input: stdin, output: stdout },
    })
    this.#asking = null
    this.#view.settle(request.id)
    if (answer === null) {
      if (!gone.signal.aborted) await this.#interrupt()
      return
    }
    transcript.answeredHere(request.id)
    const { outcome, by } = await client.call("request.answer", {
      ...{ request: request.id, version: request.version, answer },
    })
    switch (outcome) {
      case "answered":
        return
      case "already":
        return this.#tell(say("request.already", { by: by ?? "?" }))
      case "gone":
      case "stale":
        return this.#tell(say(`request.${outcome}`))
    }
  }

  /** Ctrl-C: the first stops the turn, a second one leaves. */
  async #interrupt(): Promise<void> {
    const now = performance.now()
    const isSecond = now - this.#lastInterrupt < secondInterruptMs
    this.#lastInterrupt = now
    if (isSecond) {
      this.#leaving.abort()
      this.#wake.abort()
    } else if (this.#view.isWorking) await this.#stopTurn()
    else this.#tell(this.#options.say("chat.leave_hint"))
  }

  async #stopTurn(): Promise<void> {
    const { client, session, say } = this.#options
    this.#tell(say("chat.stopping"))
    try {
      await client.call("session.stop", { session: session.id })
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
    }
  }

  #tell(text: string): void {
    this.#options.transcript.lines([{ look: "dim", text }])
  }
}

function isLiveOnly(batch: FeedBatch): boolean {
  return batch.kind === "news" && batch.events.length === 0
}

/** The past is there to be read elsewhere; here its last turn is enough. */
function lastTurn(events: readonly RecordedFact[]): readonly RecordedFact[] {
  const start = events.findLastIndex(({ fact }) => fact.kind === "turn.queued")
  return start === -1 ? [] : events.slice(start)
}
