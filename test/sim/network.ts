/** HTTP in memory, between the product's real client and the strict Telegram of the tests; calls get lost on the way. */
import { EventEmitter } from "node:events"
import { Readable, Writable } from "node:stream"
import { Dispatcher } from "../fakes/telegram/dispatch.ts"
import type { TelegramServer } from "../fakes/telegram/server.ts"
import type { CallFault } from "./chaos.ts"
import { machine, type Process } from "./machine.ts"

interface RequestSpec {
  readonly agent: object
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
}

interface Reply {
  readonly status: number
  readonly body: Buffer
  /** Of the body arrives so much, then the connection breaks. */
  readonly cutAt?: number
}

/** What a process was told to wait for, by process, chat and kind of call; it must not call before. */
const told = new Map<string, number>()
export const violations: string[] = []

/** Connections that are kept open, by the agent that keeps them. */
let connected = new WeakSet<object>()
let telegram: { readonly server: TelegramServer; readonly dispatcher: Dispatcher } | null = null

export function reachTelegram(server: TelegramServer): void {
  connected = new WeakSet()
  told.clear()
  violations.length = 0
  telegram = { server, dispatcher: new Dispatcher(server.world) }
}

/** As much of Node's client request as `telegram/http.ts` uses. */
export class SimRequest extends Writable {
  readonly reusedSocket: boolean
  readonly #process: Process = machine().current
  readonly #url: string
  readonly #spec: RequestSpec
  readonly #body: Buffer[] = []
  readonly #fault: CallFault | null
  /** Ends the far side's work for us. */
  #gone: () => void = () => undefined
  #isOver = false

  constructor(url: string, spec: RequestSpec) {
    super({ autoDestroy: false })
    this.#url = url
    this.#spec = spec
    this.reusedSocket = connected.has(spec.agent)
    this.#fault = machine().chaos.call(machine().now, methodOf(url))
    const socket = Object.assign(new EventEmitter(), { connecting: !this.reusedSocket })
    this.#later(0, () => this.emit("socket", socket))
    if (!this.reusedSocket) this.#later(machine().delay(0.5, 30), () => this.#connect(socket))
    this.#process.onEnd.push(() => this.#gone())
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#body.push(chunk)
    done()
  }

  override _final(done: () => void): void {
    done()
    machine().step("request", `${methodOf(this.#url)} ${this.#body.length}`, () => {
      if (this.reusedSocket) this.#send()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#isOver = true
    this.#gone()
    done(error)
  }

  #later(delay: number, run: () => void): void {
    machine().schedule(this.#process, delay, () => {
      if (!this.#isOver) run()
    })
  }

  #connect(socket: EventEmitter): void {
    if (this.#fault?.kind === "refused") return this.#fail("ECONNREFUSED")
    connected.add(this.#spec.agent)
    socket.emit("connect")
    if (this.writableFinished) this.#send()
    else this.once("finish", () => this.#send())
  }

  /** Drafts are counted apart. */
  get #place(): string | null {
    const method = methodOf(this.#url)
    const chat = /"chat_id":(-?\d+)/.exec(Buffer.concat(this.#body).toString())?.[1]
    if (chat === undefined || !/^(send|edit)/.test(method)) return null
    return `${this.#process.pid} ${new URL(this.#url).pathname.split("/")[1]} ${chat} ${method.includes("Draft") ? "draft" : "message"}`
  }

  #send(): void {
    const place = this.#place
    const until = place === null ? undefined : told.get(place)
    if (until !== undefined && machine().now < until - 20)
      violations.push(
        `${methodOf(this.#url)} came ${Math.round(until - machine().now)} ms before it was allowed`,
      )
    const delay = machine().delay(1, 120)
    if (this.#fault?.kind === "lost_before" || this.#fault?.kind === "refused")
      return this.#later(delay, () => this.#fail("ECONNRESET"))
    machine().schedule(machine().world, delay, () => this.#arrive())
  }

  #arrive(): void {
    if (!telegram) throw new Error("nobody answers calls")
    const { server, dispatcher } = telegram
    const { pathname } = new URL(this.#url)
    machine().trace(
      `telegram gets ${methodOf(this.#url)} ${Buffer.concat(this.#body).toString()} ${this.#fault?.kind ?? ""}`,
    )
    putFault(server, this.#fault)
    const request = Object.assign(Readable.from(this.#body), { url: pathname, headers: this.#spec.headers })
    const response = new SimResponse((reply) => this.#reply(reply))
    this.#gone = () => response.emit("close")
    void dispatcher.handle({ request, response } as unknown as Parameters<Dispatcher["handle"]>[0])
    if (this.#isOver || !this.#process.isAlive) this.#gone()
  }

  #reply(reply: Reply | null): void {
    this.#gone = () => undefined
    const wasServed = this.#fault?.kind === "bad_gateway_after" && reply?.status === 200
    const answer = wasServed ? badGateway : reply
    machine().trace(`telegram says ${answer === null ? "nothing" : answer.status}`)
    this.#later(machine().delay(1, 120), () =>
      answer === null ? this.#fail("ECONNRESET") : this.#answer(answer),
    )
  }

  #answer({ status, body, cutAt }: Reply): void {
    const response = Object.assign(new Readable({ read() {} }), { statusCode: status, headers: {} })
    const wait = status === 429 ? Number(/"retry_after":(\d+)/.exec(body.toString())?.[1] ?? 0) : 0
    if (wait > 0 && this.#place !== null) told.set(this.#place, machine().now + wait * 1000)
    this.emit("response", response)
    response.push(cutAt === undefined ? body : body.subarray(0, cutAt))
    if (cutAt === undefined) response.push(null)
    else this.#later(0, () => response.destroy(Object.assign(new Error("aborted"), { code: "ECONNRESET" })))
    this.#later(1, () => this.emit("close"))
  }

  #fail(code: string): void {
    connected.delete(this.#spec.agent)
    this.destroy(Object.assign(new Error(code), { code }))
  }
}

/** As much of a server's response as the strict Telegram uses. */
class SimResponse extends EventEmitter {
  readonly #answer: (reply: Reply | null) => void
  #status = 0
  #length = 0
  readonly socket = { resetAndDestroy: () => this.#answer(null) }

  constructor(answer: (reply: Reply | null) => void) {
    super()
    this.#answer = answer
  }

  writeHead(status: number, headers: { readonly "content-length": number }): this {
    this.#status = status
    this.#length = headers["content-length"]
    return this
  }

  /** Only half an answer comes in two steps. */
  write(part: Buffer): boolean {
    this.#answer({ status: this.#status, body: part, cutAt: Math.min(part.length, this.#length - 1) })
    return true
  }

  end(body: Buffer): this {
    this.#answer({ status: this.#status, body })
    return this
  }

  destroy(): this {
    this.#answer(null)
    return this
  }
}

const badGateway: Reply = {
  status: 502,
  body: Buffer.from('{"ok":false,"error_code":502,"description":"Bad Gateway"}'),
}

const methodOf = (url: string): string => url.slice(url.lastIndexOf("/") + 1)

/** The call that is just being handled is the next that the server takes a fault for. */
function putFault(server: TelegramServer, fault: CallFault | null): void {
  switch (fault?.kind) {
    case "lost_after":
      return void server.fault({ kind: "drop_after_apply", method: "*" })
    case "half":
      return void server.fault({ kind: "half_body", method: "*" })
    case "late":
      return void server.fault({ kind: "delay", method: "*", ms: fault.ms, phase: fault.phase })
    case "status":
      return void server.fault({
        kind: "status",
        method: "*",
        code: fault.code,
        ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
      })
    default:
  }
}
