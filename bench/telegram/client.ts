/** The measuring side of the Telegram process. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type {
  BotCall,
  TelegramCommand,
  TelegramReady,
  TelegramReply,
  TelegramRequest,
  TelegramSays,
} from "./wire.ts"

const PATIENCE_MS = 60_000

export type IsMeant = (call: BotCall) => boolean

interface Waiting {
  readonly isMeant: IsMeant
  resolve(call: BotCall): void
}

export class TelegramProcess implements AsyncDisposable {
  readonly apiRoot: string
  readonly tokens: readonly string[]
  readonly #child: ChildProcess
  readonly #calls: BotCall[] = []
  readonly #waiting = new Set<Waiting>()
  readonly #replies = new Map<number, (reply: TelegramReply) => void>()
  #nextId = 1

  private constructor(child: ChildProcess, ready: TelegramReady) {
    this.#child = child
    this.apiRoot = ready.apiRoot
    this.tokens = ready.tokens
    child.on("message", (message: TelegramSays) => this.#onMessage(message))
  }

  static async start(bots: number): Promise<TelegramProcess> {
    const child = fork(join(import.meta.dirname, "process.ts"), [String(bots)])
    const [ready] = (await once(child, "message")) as [TelegramReady]
    return new TelegramProcess(child, ready)
  }

  get calls(): readonly BotCall[] {
    return this.#calls
  }

  /** Resolves with the moment just before the update was in the queue. */
  async say(bot: number, text: string): Promise<number> {
    return (await this.#ask({ kind: "say", to: [{ bot, text }] })).at
  }

  /** The same text with every bot's number after it, to all of them at once. */
  async sayToAll(textFor: (bot: number) => string): Promise<number> {
    const to = this.tokens.map((_, bot) => ({ bot, text: textFor(bot) }))
    return (await this.#ask({ kind: "say", to })).at
  }

  async goDown(): Promise<number> {
    return (await this.#ask({ kind: "go_down" })).at
  }

  async comeBack(): Promise<number> {
    return (await this.#ask({ kind: "come_back" })).at
  }

  async faults(): Promise<Pick<TelegramReply, "faults" | "floods">> {
    return this.#ask({ kind: "faults" })
  }

  /** The first such call, past or future. */
  sees(isMeant: IsMeant): Promise<BotCall> {
    const found = this.#calls.find(isMeant)
    return found ? Promise.resolve(found) : this.seesNext(isMeant)
  }

  /** The next such call from now on. */
  seesNext(isMeant: IsMeant): Promise<BotCall> {
    const { promise, resolve, reject } = Promise.withResolvers<BotCall>()
    const waiting = { isMeant, resolve }
    this.#waiting.add(waiting)
    const timer = setTimeout(() => reject(new Error(`never seen: ${isMeant}`)), PATIENCE_MS)
    return promise.finally(() => {
      clearTimeout(timer)
      this.#waiting.delete(waiting)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit")
    this.#child.disconnect()
    await ended
  }

  #ask(command: TelegramCommand): Promise<TelegramReply> {
    const request: TelegramRequest = { id: this.#nextId++, command }
    const { promise, resolve } = Promise.withResolvers<TelegramReply>()
    this.#replies.set(request.id, resolve)
    this.#child.send(request)
    return promise
  }

  #onMessage(message: TelegramSays): void {
    if (message.kind === "call") {
      this.#calls.push(message)
      for (const waiting of this.#waiting) if (waiting.isMeant(message)) waiting.resolve(message)
    } else if (message.kind === "reply") {
      this.#replies.get(message.id)?.(message)
      this.#replies.delete(message.id)
    }
  }
}

/** An answer of the echo agent to what was said with this tag. */
export function isAnswerTo(tag: string): IsMeant {
  return ({ method, text }) => method === "sendMessage" && text.includes(`echo: ${tag}.`)
}
