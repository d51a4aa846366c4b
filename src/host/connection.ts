/**
 * One connection of a runtime. Events are read from the journal only while the socket takes them, so a slow reader
 * costs disk and no memory.
 */
import type { Socket } from "node:net"
import { LineTooLong, splitLines } from "../platform/lines.ts"
import { HOST_PROTOCOLS, type HostFrame, MAX_FRAME_BYTES, RuntimeFrame } from "../protocol/host-link.ts"
import type { Clock, Log } from "../providers/provider.ts"
import { CommandError } from "./command-error.ts"
import type { Carry } from "./commands.ts"
import type { StoredEvent } from "./journal/journal.ts"
import type { LiveText } from "./live-text.ts"

export interface ConnectionOptions {
  readonly socket: Socket
  readonly journal: {
    readonly id: string
    readEvents(seq: number, take: (event: StoredEvent) => "more" | "enough"): void
  }
  readonly acknowledge: (seq: number) => void
  readonly live: LiveText
  readonly carry: Carry
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  /** It has greeted and speaks our protocol: it is the runtime now. */
  readonly onWelcomed: (connection: Connection) => void
  readonly onClosed: (connection: Connection) => void
}

const HELLO_LIMIT_MS = 5_000
/** Text that runs in between goes out as one frame. */
const LIVE_PAUSE_MS = 40
/** Unsent answers beyond this stop the reading of further commands. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** Events sent before other work of the process gets its turn. */
const EVENTS_AT_ONCE = 200

type Hello = Extract<RuntimeFrame, { type: "hello" }>

export class Connection {
  readonly #options: ConnectionOptions
  readonly #helloTimer: { cancel(): void }
  #isWelcomed = false
  #isClosed = false
  /** The last event given to the socket. */
  #sent = 0
  #isPumpScheduled = false
  #liveTimer: { cancel(): void } | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { socket, log, clock } = options
    const lines = splitLines(MAX_FRAME_BYTES, (line) => this.#onLine(line))
    socket.on("data", (chunk) => this.#read(() => lines.push(chunk)))
    socket.on("drain", () => this.#onDrain())
    socket.on("error", (error) => log.info({ error }, "the connection of a runtime failed"))
    socket.on("close", () => this.#onClose())
    this.#helloTimer = clock.after(HELLO_LIMIT_MS, () => this.#breakOff("it did not greet"))
  }

  /** There are new events. */
  wake(): void {
    if (!this.#isWelcomed || this.#isPumpScheduled || this.#options.socket.writableNeedDrain) return
    this.#isPumpScheduled = true
    setImmediate(() => {
      this.#isPumpScheduled = false
      this.#pump()
    })
  }

  /** There is new text of a running item. */
  wakeLive(): void {
    if (!this.#isWelcomed || this.#isClosed) return
    this.#liveTimer ??= this.#options.clock.after(LIVE_PAUSE_MS, () => {
      this.#liveTimer = null
      this.#pumpLive()
    })
  }

  close(reason: string): void {
    this.#options.log.info({ reason }, "closed the connection of a runtime")
    this.#options.socket.destroy()
  }

  /** Closes when everything given to the socket has gone out. */
  end(): void {
    this.#options.socket.end()
  }

  #read(push: () => void): void {
    try {
      push()
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error
      this.#breakOff(error.message)
    }
  }

  #onLine(line: string): void {
    if (this.#isClosed) return
    const frame = parseFrame(line)
    if (frame === null) this.#breakOff("a frame is malformed")
    else if (frame.type === "hello") this.#onHello(frame)
    else if (!this.#isWelcomed) this.#breakOff("it did not greet first")
    else if (frame.type === "ack") this.#options.acknowledge(frame.seq)
    else void this.#carry(frame)
  }

  #onHello(hello: Hello): void {
    this.#helloTimer.cancel()
    if (this.#isWelcomed) return this.#breakOff("it greeted twice")
    const protocol = HOST_PROTOCOLS.find((known) => hello.protocols.includes(known))
    if (protocol === undefined) return this.#refuse(hello)
    const { journal, version, live, onWelcomed, log } = this.#options
    const isSameJournal = hello.journal === journal.id
    if (isSameJournal && hello.acked > 0) this.#options.acknowledge(hello.acked)
    this.#sent = isSameJournal ? hello.acked : 0
    log.info({ version: hello.version, acked: this.#sent }, "a runtime has connected")
    this.#isWelcomed = true
    onWelcomed(this)
    live.startOver()
    this.#send({ type: "welcome", protocol, version, pid: process.pid, journal: journal.id })
    this.wake()
    this.wakeLive()
  }

  #refuse(hello: Hello): void {
    const { log, version, socket } = this.#options
    const reason =
      `The host is version ${version} and speaks link protocol ${HOST_PROTOCOLS.join(", ")}; ` +
      `this is version ${hello.version} and speaks ${hello.protocols.join(", ")}.`
    log.warn({ reason }, "refused a runtime")
    this.#send({ type: "refused", reason })
    socket.end()
  }

  async #carry({ id, command }: Extract<RuntimeFrame, { type: "command" }>): Promise<void> {
    const { carry, log, socket } = this.#options
    try {
      const value = await carry(command)
      this.#send({ type: "result", id, value })
    } catch (error) {
      if (!(error instanceof CommandError)) log.error({ error, kind: command.kind }, "a command failed")
      else if (error.cause !== undefined) log.warn({ error: error.cause, kind: command.kind }, error.message)
      const [code, message] =
        error instanceof CommandError
          ? [error.code, error.message]
          : (["invalid", "the host failed"] as const)
      this.#send({ type: "error", id, code, message })
    }
    if (socket.writableLength > MAX_UNSENT_BYTES) socket.pause()
  }

  #send(frame: HostFrame): boolean {
    return this.#write(JSON.stringify(frame))
  }

  #write(line: string): boolean {
    const { socket } = this.#options
    return this.#isClosed || !socket.writable ? false : socket.write(`${line}\n`)
  }

  #pump(): void {
    if (this.#isClosed || this.#options.socket.writableNeedDrain) return
    let left = EVENTS_AT_ONCE
    this.#options.journal.readEvents(this.#sent, (event) => {
      left -= 1
      this.#sent = event.seq
      return this.#write(eventLine(event)) && left > 0 ? "more" : "enough"
    })
    if (left <= 0) this.wake()
  }

  #pumpLive(): void {
    const { live, socket } = this.#options
    while (!this.#isClosed && !socket.writableNeedDrain) {
      const piece = live.next()
      if (piece === null) return
      this.#send({ type: "live", ...piece })
    }
  }

  #onDrain(): void {
    this.#options.socket.resume()
    this.wake()
    this.wakeLive()
  }

  #breakOff(reason: string): void {
    this.#options.log.warn({ reason }, "broke off the connection of a runtime")
    this.#options.socket.destroy()
  }

  #onClose(): void {
    this.#isClosed = true
    this.#helloTimer.cancel()
    this.#liveTimer?.cancel()
    this.#options.onClosed(this)
  }
}

/** The body is JSON already. */
function eventLine({ seq, at, session, body }: StoredEvent): string {
  return `{"type":"event","seq":${seq},"at":${at},"session":"${session}","event":${body}}`
}

function parseFrame(line: string): RuntimeFrame | null {
  try {
    return RuntimeFrame.safeParse(JSON.parse(line)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
