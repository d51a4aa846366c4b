/**
 * One connection of a runtime. Events are read from the journal only while the socket takes them, so a slow reader
 * costs disk and no memory.
 */
import type { Socket } from "node:net"
import { LineTooLong, splitLines } from "../platform/lines.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import {
  HOST_PROTOCOLS,
  type HostCommand,
  type HostFrame,
  MAX_FRAME_BYTES,
  RuntimeFrame,
} from "../protocol/host-link.ts"
import type { Clock, Log } from "../providers/provider.ts"
import { CommandError } from "./command-error.ts"
import type { Carry } from "./commands.ts"
import { DISK_FULL } from "./failures.ts"
import type { StoredEvent } from "./journal/journal.ts"
import type { LiveText } from "./live-text.ts"

export interface ConnectionOptions {
  readonly socket: Socket
  readonly journal: {
    readonly id: string
    readEvents(seq: number, take: (event: StoredEvent) => "more" | "enough"): void
  }
  /** Commits what waits, and returns the number of the last event. */
  readonly settle: () => number
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
/** Answers waiting beyond this stop the reading of further commands. */
const MAX_ANSWERS = 256
/** Events sent before other work of the process gets its turn. */
const EVENTS_AT_ONCE = 200

interface WaitingAnswer {
  /** The last event that precedes it. */
  readonly after: number
  readonly frame: HostFrame
}

type Hello = Extract<RuntimeFrame, { type: "hello" }>

export class Connection {
  readonly #options: ConnectionOptions
  readonly #helloTimer: { cancel(): void }
  #isWelcomed = false
  #isClosed = false
  /** The last event given to the socket. */
  #sent = 0
  /** An answer follows the events before it: who asks what became of an attempt must not overtake its end. */
  #answers: WaitingAnswer[] = []
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

  /** Closes when everything there is has gone out. */
  end(): void {
    this.#pump()
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
    const { carry, settle, socket } = this.#options
    const frame: HostFrame = await carry(command).then(
      (value) => ({ type: "result", id, value }),
      (error: unknown) => this.#fault(id, command.kind, error),
    )
    if (this.#isClosed) return
    this.#answers.push({ after: settle(), frame })
    if (this.#answers.length > MAX_ANSWERS) socket.pause()
    this.#pump()
  }

  #fault(id: number, kind: HostCommand["kind"], error: unknown): HostFrame {
    const { log } = this.#options
    if (isSqliteStorageFailure(error)) {
      log.error({ error, kind }, "a command could not be recorded")
      const message = "the disk did not take it"
      return { type: "error", id, code: "storage", message, failure: DISK_FULL }
    }
    if (!(error instanceof CommandError)) {
      log.error({ error, kind }, "a command failed")
      return { type: "error", id, code: "invalid", message: "the host failed; its log says how" }
    }
    if (error.cause !== undefined) log.warn({ error: error.cause, kind }, error.message)
    const { code, message, failure } = error
    return { type: "error", id, code, message, ...(failure ? { failure } : {}) }
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
    let canTakeMore = true
    this.#options.journal.readEvents(this.#sent, (event) => {
      this.#sendAnswers(event.seq - 1)
      left -= 1
      this.#sent = event.seq
      canTakeMore = this.#write(eventLine(event))
      return canTakeMore && left > 0 ? "more" : "enough"
    })
    if (left <= 0) this.wake()
    else if (canTakeMore) this.#sendAnswers(Number.POSITIVE_INFINITY)
  }

  #sendAnswers(upTo: number): void {
    const ready = this.#answers.filter(({ after }) => after <= upTo)
    if (ready.length === 0) return
    this.#answers = this.#answers.filter(({ after }) => after > upTo)
    for (const { frame } of ready) this.#send(frame)
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
