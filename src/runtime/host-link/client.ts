/** The runtime's end of the host link: one connection. Who uses it decides when to connect again. */
import { connect, type Socket } from "node:net"
import { LineTooLong, splitLines } from "../../platform/lines.ts"
import {
  HOST_PROTOCOLS,
  type HostCommand,
  HostFrame,
  type HostResult,
  hostResults,
  MAX_FRAME_BYTES,
  type RuntimeFrame,
} from "../../protocol/host-link.ts"
import { type HostLink, HostLinkError, type HostLinkHandlers } from "./link.ts"

export interface ConnectOptions extends HostLinkHandlers {
  readonly socketPath: string
  /** Our own version, told to the host. */
  readonly version: string
  /** The journal that `acked` belongs to; null when no event was ever committed. */
  readonly journal: string | null
  /** Number of the last committed event, 0 when none. */
  readonly acked: number
}

/**
 * Connects and greets.
 * @throws HostLinkError `unreachable`, `refused`, `closed` or `malformed`.
 */
export async function connectHost(options: ConnectOptions): Promise<HostLink> {
  const socket = await openSocket(options.socketPath)
  const connection = new Connection(socket, options)
  connection.greet()
  return connection.welcomed
}

function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once("connect", () => {
      socket.removeAllListeners("error")
      resolve(socket)
    })
    socket.once("error", (cause) => {
      reject(new HostLinkError("unreachable", "the host does not listen on its socket", { cause }))
    })
  })
}

type Welcome = Extract<HostFrame, { type: "welcome" }>

interface Waiting {
  readonly kind: HostCommand["kind"]
  resolve(value: unknown): void
  reject(error: HostLinkError): void
}

class Connection {
  readonly welcomed: Promise<HostLink>
  readonly closed: Promise<string>
  readonly #socket: Socket
  readonly #options: ConnectOptions
  readonly #greeting = Promise.withResolvers<HostLink>()
  readonly #end = Promise.withResolvers<string>()
  /** Commands not answered yet, by frame id. */
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  /** Frames that came together with the welcome: held back until our caller has the link in hand. */
  #early: HostFrame[] | null = null
  #isWelcomed = false
  #downReason: string | null = null

  constructor(socket: Socket, options: ConnectOptions) {
    this.#socket = socket
    this.#options = options
    this.welcomed = this.#greeting.promise
    this.closed = this.#end.promise
    const lines = splitLines(MAX_FRAME_BYTES, (line) => this.#onLine(line))
    socket.on("data", (chunk) => this.#guarded(() => lines.push(chunk)))
    socket.on("error", (error) => this.#goDown(`the connection to the host failed: ${error.message}`))
    socket.on("close", () => this.#goDown("the host closed the connection"))
  }

  greet(): void {
    const { version, journal, acked } = this.#options
    this.#send({ type: "hello", protocols: [...HOST_PROTOCOLS], version, journal, acked })
  }

  #send(frame: RuntimeFrame): void {
    if (this.#downReason === null) this.#socket.write(`${JSON.stringify(frame)}\n`)
  }

  #guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error
      this.#goDown(`the host sent a frame that is too long: ${error.message}`)
    }
  }

  #onLine(line: string): void {
    if (this.#downReason !== null) return
    const frame = parseFrame(line)
    if (frame === null) this.#goDown("the host sent a frame that is not part of the protocol")
    else if (this.#early !== null) this.#early.push(frame)
    else this.#onFrame(frame)
  }

  #onFrame(frame: HostFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#onWelcome(frame)
        break
      case "refused":
        this.#fail(new HostLinkError("refused", frame.reason))
        break
      case "event": {
        const { type: _, ...event } = frame
        this.#options.onEvent(event)
        break
      }
      case "live": {
        const { type: _, ...live } = frame
        this.#options.onLive(live)
        break
      }
      case "result":
        this.#take(frame.id)?.resolve(frame.value)
        break
      case "error":
        this.#take(frame.id)?.reject(faultOf(frame))
        break
    }
  }

  #onWelcome(welcome: Welcome): void {
    if (this.#isWelcomed) {
      this.#goDown("the host greeted twice")
      return
    }
    this.#isWelcomed = true
    this.#early = []
    this.#socket.pause()
    this.#greeting.resolve(this.#link(welcome))
    setImmediate(() => this.#deliverEarly())
  }

  #deliverEarly(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const frame of early) if (this.#downReason === null) this.#onFrame(frame)
    this.#socket.resume()
  }

  #link(welcome: Welcome): HostLink {
    return {
      journal: welcome.journal,
      version: welcome.version,
      pid: welcome.pid,
      command: (command) => this.#command(command),
      ack: (seq) => this.#send({ type: "ack", seq }),
      close: () => this.#goDown("closed by the runtime"),
      closed: this.closed,
    }
  }

  #command<C extends HostCommand>(command: C): Promise<HostResult<C["kind"]>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    if (this.#downReason !== null) return Promise.reject(new HostLinkError("closed", this.#downReason))
    const id = this.#nextId++
    this.#waiting.set(id, { kind: command.kind, resolve, reject })
    this.#send({ type: "command", id, command })
    return promise.then((value) => parseResult<C["kind"]>(command.kind, value))
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #goDown(reason: string): void {
    this.#fail(new HostLinkError("closed", reason))
  }

  #fail(error: HostLinkError): void {
    if (this.#downReason !== null) return
    this.#downReason = error.message
    this.#socket.destroy()
    this.#greeting.reject(error)
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
    this.#end.resolve(error.message)
    if (this.#isWelcomed) this.#options.onDown?.(error.message)
  }
}

/** An older host has only its message to say what the agent's failure was. */
function faultOf({ code, message, failure }: Extract<HostFrame, { type: "error" }>): HostLinkError {
  const told = code === "provider" ? ({ class: "unknown", detail: message } as const) : undefined
  return new HostLinkError(code, message, { failure: failure ?? told })
}

function parseFrame(line: string): HostFrame | null {
  try {
    return HostFrame.safeParse(JSON.parse(line)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function parseResult<K extends HostCommand["kind"]>(kind: K, value: unknown): HostResult<K> {
  const parsed = hostResults[kind].safeParse(value)
  if (!parsed.success) {
    throw new HostLinkError("malformed", `the host answered ${kind} in an unexpected form`, {
      cause: parsed.error,
    })
  }
  return parsed.data as HostResult<K>
}
