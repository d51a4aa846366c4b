/** A Telegram on loopback that is as strict as the real one, for tests and for trying the product without an account. */
import { randomUUID } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { User, UserFromGetMe } from "@grammyjs/types/manage.js"
import { FakeBot } from "./bot.ts"
import { type CallMatcher, type CallRecord, describeCall } from "./call-log.ts"
import { SkippableClock } from "./clock.ts"
import { Dispatcher } from "./dispatch.ts"
import type { Fault, FaultSpec } from "./faults.ts"
import type { StoredFile } from "./files.ts"
import { FloodMeter, type Limits, telegramLimits } from "./limits.ts"
import { type UpdateContent, UpdateQueue } from "./update-queue.ts"
import { TelegramUser } from "./user.ts"
import { World } from "./world.ts"

export interface TelegramOptions {
  /** Differences from Telegram's limits, or "off" for tests that are about something else. */
  readonly limits?: Partial<Limits> | "off"
  /** Milliseconds since the epoch; real time unless told. */
  readonly now?: () => number
  /** 0, the default, takes a free one. */
  readonly port?: number
}

export interface BotSpec {
  readonly token?: string
  readonly username?: string
  /** Topics in private chats, as switched on in BotFather. */
  readonly topics?: boolean
  readonly me?: Partial<UserFromGetMe>
}

export class TelegramServer implements AsyncDisposable {
  readonly world: World
  readonly #dispatcher: Dispatcher
  readonly #users = new Map<number, TelegramUser>()
  #http: Server | undefined
  #port: number

  constructor(options: TelegramOptions = {}) {
    const limits = options.limits === "off" ? "off" : { ...telegramLimits, ...options.limits }
    this.world = new World({ clock: new SkippableClock(options.now), limits })
    this.#dispatcher = new Dispatcher(this.world)
    this.#port = options.port ?? 0
  }

  /** What TELEGRAM_API_ROOT is set to. */
  get apiRoot(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get calls(): readonly CallRecord[] {
    return this.world.log.calls
  }

  addBot(spec: BotSpec = {}): FakeBot {
    const number = this.world.takeNumber()
    // No two alike on one machine, so that whoever finds one knows whose it is.
    const token = spec.token ?? `${5_000_000_000 + number}:TEST-${randomUUID()}`
    const id = Number(token.split(":")[0])
    if (!Number.isSafeInteger(id) || id <= 0)
      throw new Error("A bot token starts with the bot's id and a colon")
    const me = botUser(id, { ...spec, username: spec.username ?? `remote_agent_${number}_bot` })
    const updates = new UpdateQueue(this.world.clock, 100_000_000 + number * 1_000_000)
    const bot = new FakeBot({ token, me, updates, meter: new FloodMeter(this.world.limits) })
    this.world.bots.set(token, bot)
    return bot
  }

  /** A person; the same id gives the same person. */
  user(user: { readonly id: number } & Partial<Omit<User, "id">>): TelegramUser {
    const known = this.#users.get(user.id)
    if (known) return known
    const person = new TelegramUser(this.world, { is_bot: false, first_name: `User ${user.id}`, ...user })
    this.#users.set(user.id, person)
    return person
  }

  /** Any update, as it is: channel posts, guest messages, what other bots say. Returns its id, if the bot wants such updates. */
  push(bot: FakeBot, content: UpdateContent): number | undefined {
    return bot.updates.push(content)
  }

  fault(spec: FaultSpec): Fault {
    return this.world.faults.add(spec)
  }

  /** Moves the server's time on: updates, taps, drafts and penalties expire accordingly. */
  skipTime(ms: number): void {
    this.world.clock.skip(ms)
  }

  file(fileId: string): StoredFile {
    return this.world.files.download(fileId)
  }

  /** Calls that Telegram refused, without those into an open penalty and those that a fault of the test decided. */
  rejections(): CallRecord[] {
    return this.world.log.rejections()
  }

  /** Calls that were sent although a 429 had said to wait. */
  penaltyViolations(): CallRecord[] {
    return this.world.log.penaltyViolations()
  }

  /** Resolves with the first matching calls that have ended. */
  seesCalls(matcher: CallMatcher, options?: { count?: number; timeoutMs?: number }): Promise<CallRecord[]> {
    return this.world.log.seen(matcher, options)
  }

  /** Throws unless every call was accepted and none was sent into a penalty. */
  assertClean(isExcused: (call: CallRecord) => boolean = () => false): void {
    const faulty = [...this.rejections(), ...this.penaltyViolations()].filter((call) => !isExcused(call))
    if (faulty.length > 0)
      throw new Error(`Telegram refused ${faulty.length} calls:\n${faulty.map(describeCall).join("\n")}`)
  }

  /** Telegram becomes unreachable: open connections are reset, new ones refused. All state stays. */
  async goDown(): Promise<void> {
    const http = this.#http
    this.#http = undefined
    if (!http) return
    const closed = Promise.withResolvers<void>()
    http.close(() => closed.resolve())
    http.closeAllConnections()
    await closed.promise
  }

  /** Telegram is reachable again, under the same address. */
  async comeBack(): Promise<void> {
    if (this.#http) return
    const http = createServer((request, response) => {
      response.on("error", () => response.destroy())
      response.setHeader("date", new Date(this.world.clock.now()).toUTCString())
      this.#dispatcher
        .handle({ request, response })
        .catch((error: unknown) => response.destroy(asError(error)))
    })
    http.keepAliveTimeout = 60_000
    const listening = Promise.withResolvers<void>()
    http.once("error", listening.reject)
    http.listen(this.#port, "127.0.0.1", listening.resolve)
    await listening.promise
    const address = http.address()
    if (address === null || typeof address === "string") throw new Error("The server has no port")
    this.#port = address.port
    this.#http = http
  }

  /** Ends the server; waiting calls are released. */
  async close(): Promise<void> {
    this.world.faults.cancelAll()
    await this.goDown()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export async function startTelegram(options?: TelegramOptions): Promise<TelegramServer> {
  const server = new TelegramServer(options)
  await server.comeBack()
  return server
}

function botUser(id: number, spec: BotSpec & { username: string }): UserFromGetMe {
  return {
    id,
    is_bot: true,
    first_name: "RemoteAgent",
    username: spec.username,
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
    has_topics_enabled: spec.topics ?? false,
    allows_users_to_create_topics: spec.topics ?? false,
    can_manage_bots: false,
    supports_join_request_queries: false,
    ...spec.me,
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
