/**
 * One connection of a runtime. Events are read from the journal only while the socket takes them, so a slow reader
 * costs disk and no memory.
 */
import { homedir, hostname } from "node:os"
import type { Duplex } from "node:stream"
import { linesOf, readFrames } from "../platform/frames.ts"
import { installedVersion } from "../platform/installation.ts"
import { LineTooLong } from "../platform/lines.ts"
import { prove } from "../platform/link-proof.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import {
  GREETING_LIMIT_MS,
  HostCommand,
  type HostFrame,
  hostResults,
  LINK_FEATURES,
  type LinkFeature,
  RuntimeFrame,
} from "../protocol/host-link.ts"
import type { Clock, Log } from "../providers/provider.ts"
import { CommandError } from "./command-error.ts"
import type { Carry } from "./commands.ts"
import { DISK_FULL } from "./failures.ts"
import { type GreetingRules, type Hello, type Judgement, judge, refused } from "./greeting.ts"
import type { StoredEvent } from "./journal/journal.ts"
import type { LiveText } from "./live-text.ts"

export interface ConnectionOptions extends GreetingRules {
  readonly stream: Pick<
    Duplex,
    "on" | "write" | "end" | "destroy" | "pause" | "resume" | "writable" | "writableNeedDrain"
  >
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
  /** Differs for every start of a host. */
  readonly boot: string
  /** It may be the runtime: whether it is, once the one before has had its chance to show that it lives. */
  readonly admit: (connection: Connection) => Promise<boolean>
  readonly onClosed: (connection: Connection) => void
}

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

/** Of a connection: nothing said yet, being let in, the runtime's. */
type Stage =
  | { readonly kind: "silent" }
  /** Frames that came meanwhile wait. */
  | { readonly kind: "greeted"; readonly waiting: RuntimeFrame[] }
  | { readonly kind: "welcomed"; readonly features: ReadonlySet<LinkFeature> }

export class Connection {
  readonly #options: ConnectionOptions
  readonly #helloTimer: { cancel(): void }
  #stage: Stage = { kind: "silent" }
  #isClosed = false
  /** Those who want to know whether anybody is there. */
  readonly #asking = new Set<(isThere: boolean) => void>()
  #pings = 0
  /** The last event given to the stream. */
  #sent = 0
  /** An answer follows the events before it: who asks what became of an attempt must not overtake its end. */
  #answers: WaitingAnswer[] = []
  #isPumpScheduled = false
  #liveTimer: { cancel(): void } | null = null

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { stream, log, clock } = options
    const frames = readFrames((json) => this.#onJson(json))
    stream.on("data", (chunk: Buffer) => this.#read(() => frames.push(chunk)))
    stream.on("drain", () => this.#onDrain())
    stream.on("error", (error) => log.info({ error }, "the connection of a runtime failed"))
    stream.on("close", () => this.#onClose())
    this.#helloTimer = clock.after(GREETING_LIMIT_MS, () => this.#breakOff("it did not greet"))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Whether it says anything within `ms`. False of one that cannot be asked. */
  answers(ms: number): Promise<boolean> {
    if (this.#isClosed || !this.#knows("ping")) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = this.#options.clock.after(ms, () => told(false))
    const told = (isThere: boolean): void => {
      timer.cancel()
      this.#asking.delete(told)
      resolve(isThere)
    }
    this.#asking.add(told)
    this.#pings += 1
    this.#send({ type: "ping", id: this.#pings })
    return promise
  }

  /** There are new events. */
  wake(): void {
    if (this.#stage.kind !== "welcomed" || this.#isPumpScheduled) return
    if (this.#options.stream.writableNeedDrain) return
    this.#isPumpScheduled = true
    setImmediate(() => {
      this.#isPumpScheduled = false
      this.#pump()
    })
  }

  /** There is new text of a running item. */
  wakeLive(): void {
    if (this.#stage.kind !== "welcomed" || this.#isClosed) return
    this.#liveTimer ??= this.#options.clock.after(LIVE_PAUSE_MS, () => {
      this.#liveTimer = null
      this.#pumpLive()
    })
  }

  close(reason: string): void {
    this.#options.log.info({ reason }, "closed the connection of a runtime")
    this.#options.stream.destroy()
  }

  /** Closes when everything there is has gone out. */
  end(): void {
    this.#pump()
    this.#options.stream.end()
  }

  #read(push: () => void): void {
    try {
      push()
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error
      this.#breakOff(error.message)
    }
  }

  #onJson(json: string): void {
    if (this.#isClosed) return
    for (const told of this.#asking) told(true)
    const frame = parseFrame(json)
    if (frame === "malformed") this.#breakOff("a frame is malformed")
    else if (frame === "unknown") this.#options.log.warn({}, "passed over a frame that is not known here")
    else if (this.#stage.kind === "greeted") this.#stage.waiting.push(frame)
    else this.#onFrame(frame)
  }

  #onFrame(frame: RuntimeFrame): void {
    if (frame.type === "hello") return this.#onHello(frame)
    if (this.#stage.kind !== "welcomed") return this.#breakOff("it did not greet first")
    switch (frame.type) {
      case "ack":
        return this.#onAck(frame)
      case "ping":
        return void this.#send({ type: "pong", id: frame.id })
      case "pong":
        return
      case "command":
        return void this.#onCommand(frame)
    }
  }

  #onHello(hello: Hello): void {
    this.#helloTimer.cancel()
    if (this.#stage.kind !== "silent") return this.#breakOff("it greeted twice")
    const judgement = judge(hello, this.#options)
    if (judgement.kind === "refused") return this.#refuse(judgement)
    const waiting: RuntimeFrame[] = []
    this.#stage = { kind: "greeted", waiting }
    void this.#options.admit(this).then((isAdmitted) => {
      if (this.#isClosed) return
      if (!isAdmitted) return this.#refuse(refused("taken", "Another runtime is connected to the host."))
      this.#welcome(hello, judgement)
      for (const frame of waiting) if (!this.#isClosed) this.#onFrame(frame)
    })
  }

  #welcome(hello: Hello, { protocol, features }: Extract<Judgement, { kind: "fits" }>): void {
    const { journal, version, live, log, boot, key } = this.#options
    const isSameJournal = hello.journal === journal.id
    if (isSameJournal && hello.acked > 0) this.#options.acknowledge(hello.acked)
    this.#sent = isSameJournal ? hello.acked : 0
    log.info({ version: hello.version, protocol, acked: this.#sent }, "a runtime has connected")
    this.#stage = { kind: "welcomed", features }
    live.startOver()
    this.#send({
      ...{ type: "welcome", protocol, version, pid: process.pid, journal: journal.id },
      ...{ features: [...LINK_FEATURES], boot, installed: installedVersion() },
      machine: { name: hostname(), platform: process.platform, home: homedir() },
      ...(hello.proof && key !== null ? { proof: prove(key, "host", hello.proof.nonce) } : {}),
    })
    this.wake()
    this.wakeLive()
  }

  #refuse({ frame }: Extract<Judgement, { kind: "refused" }>): void {
    const { log, stream } = this.#options
    log.warn({ reason: frame.reason }, "refused a runtime")
    this.#send(frame)
    stream.end()
  }

  #onAck({ seq, rewind }: Extract<RuntimeFrame, { type: "ack" }>): void {
    if (seq > 0) this.#options.acknowledge(seq)
    if (!rewind) return
    this.#sent = seq
    this.wake()
  }

  async #onCommand({ id, command }: Extract<RuntimeFrame, { type: "command" }>): Promise<void> {
    const { settle, stream } = this.#options
    const parsed = HostCommand.safeParse(command)
    const frame = parsed.success ? await this.#carry(id, parsed.data) : notUnderstood(id, command.kind)
    if (this.#isClosed) return
    this.#answers.push({ after: settle(), frame })
    if (this.#answers.length > MAX_ANSWERS) stream.pause()
    this.#pump()
  }

  #carry(id: number, command: HostCommand): Promise<HostFrame> {
    return this.#options.carry(command).then(
      (value) => ({ type: "result", id, value }),
      (error: unknown) => this.#fault(id, command.kind, error),
    )
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

  #knows(feature: LinkFeature): boolean {
    return this.#stage.kind === "welcomed" && this.#stage.features.has(feature)
  }

  #send(frame: HostFrame): boolean {
    return this.#write(JSON.stringify(frame))
  }

  #write(json: string): boolean {
    const { stream } = this.#options
    let canTakeMore = false
    for (const line of this.#knows("parts") ? linesOf(json) : [json]) {
      if (this.#isClosed || !stream.writable) return false
      canTakeMore = stream.write(`${line}\n`)
    }
    return canTakeMore
  }

  #pump(): void {
    if (this.#isClosed || this.#options.stream.writableNeedDrain) return
    let left = EVENTS_AT_ONCE
    let canTakeMore = true
    this.#options.journal.readEvents(this.#sent, (event) => {
      this.#sendAnswers(event.seq - 1)
      left -= 1
      canTakeMore = this.#write(eventLine(event, this.#knows("prev") ? this.#sent : null))
      this.#sent = event.seq
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
    const { live, stream } = this.#options
    while (!this.#isClosed && !stream.writableNeedDrain) {
      const piece = live.next()
      if (piece === null) return
      this.#send({ type: "live", ...piece })
    }
  }

  #onDrain(): void {
    this.#options.stream.resume()
    this.wake()
    this.wakeLive()
  }

  #breakOff(reason: string): void {
    this.#options.log.warn({ reason }, "broke off the connection of a runtime")
    this.#options.stream.destroy()
  }

  #onClose(): void {
    this.#isClosed = true
    this.#helloTimer.cancel()
    this.#liveTimer?.cancel()
    for (const told of this.#asking) told(false)
    this.#options.onClosed(this)
  }
}

/** The body is JSON already. */
function eventLine({ seq, at, session, body }: StoredEvent, prev: number | null): string {
  const before = prev === null ? "" : `"prev":${prev},`
  return `{"type":"event","seq":${seq},"at":${at},"session":"${session}",${before}"event":${body}}`
}

/** A newer runtime should know what we know; where it does not, it learns that nothing was done. */
function notUnderstood(id: number, kind: string): HostFrame {
  return kind in hostResults
    ? { type: "error", id, code: "invalid", message: `the command ${kind} has an unexpected form` }
    : { type: "error", id, code: "unsupported", message: `this host does not know the command ${kind}` }
}

const KNOWN_FRAMES: ReadonlySet<unknown> = new Set(
  RuntimeFrame.options.flatMap((option) => [...option.shape.type.values]),
)

/** `unknown`: a frame of a later protocol. */
function parseFrame(json: string): RuntimeFrame | "malformed" | "unknown" {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return "malformed"
  }
  const frame = RuntimeFrame.safeParse(value)
  if (frame.success) return frame.data
  const isUnknown =
    typeof value === "object" && value !== null && "type" in value && !KNOWN_FRAMES.has(value.type)
  return isUnknown ? "unknown" : "malformed"
}
