/** The runtime's end of the host link: one connection. Who uses it decides when to connect again. */
import { randomBytes } from "node:crypto"
import type { Duplex } from "node:stream"
import { type Clock, systemClock } from "../../core/clock.ts"
import { linesOf, readFrames } from "../../platform/frames.ts"
import { LineTooLong } from "../../platform/lines.ts"
import { isProven, prove } from "../../platform/link-proof.ts"
import {
  GREETING_LIMIT_MS,
  HOST_PROTOCOLS,
  type HostCommand,
  type HostEvent,
  type HostFrame,
  type HostResult,
  LINK_FEATURES,
  type LinkFeature,
  type RuntimeFrame,
} from "../../protocol/host-link.ts"
import { Asked } from "./asked.ts"
import { type Incoming, readFrame } from "./incoming.ts"
import { type HostLink, HostLinkError, type HostLinkHandlers } from "./link.ts"
import { BEAT_MS, Pulse } from "./patience.ts"

export interface ConnectOptions extends HostLinkHandlers {
  /** What carries the link, connected already. */
  readonly stream: Pick<Duplex, "on" | "write" | "destroy" | "pause" | "resume">
  /** Our own version, told to the host. */
  readonly version: string
  /** The journal that `acked` belongs to; null when no event was ever committed. */
  readonly journal: string | null
  /** Number of the last committed event, 0 when none. */
  readonly acked: number
  /** Of `linkKey`; null on a line that lets nobody else in. */
  readonly key: string | null
  readonly clock?: Clock
}

/**
 * Greets.
 * @throws HostLinkError `refused`, `closed`, `silent` or `malformed`.
 */
export async function connectHost(options: ConnectOptions): Promise<HostLink> {
  const connection = new Connection(options)
  connection.greet()
  return connection.welcomed
}

type Welcome = Extract<HostFrame, { type: "welcome" }>

class Connection {
  readonly welcomed: Promise<HostLink>
  readonly closed: Promise<string>
  readonly #options: ConnectOptions
  readonly #clock: Clock
  readonly #nonce = randomBytes(16).toString("hex")
  readonly #greetingTimer: { cancel(): void }
  readonly #greeting = Promise.withResolvers<HostLink>()
  readonly #end = Promise.withResolvers<string>()
  /** What came together with the welcome: held back until our caller has the link in hand. */
  #early: Incoming[] | null = null
  readonly #asked: Asked
  #isWelcomed = false
  #downReason: string | null = null
  /** What the host named in its greeting. */
  #features: ReadonlySet<LinkFeature> = new Set()
  #pulse: Pulse | null = null
  /** The last event that came, and the last one that was acknowledged. */
  #received: number
  #acked: number
  /** Told of a gap, the host tells again; until then what follows it is dropped. */
  #isRewinding = false

  constructor(options: ConnectOptions) {
    const { stream, clock = systemClock, acked } = options
    this.#options = options
    this.#clock = clock
    this.#received = acked
    this.#acked = acked
    this.welcomed = this.#greeting.promise
    this.closed = this.#end.promise
    this.#asked = new Asked({
      after: (ms, run) => this.#after(ms, run),
      send: (id, command) => this.#send({ type: "command", id, command }),
      onSilent: (error) => this.#fail(error),
    })
    const frames = readFrames((json) => this.#onJson(json))
    stream.on("data", (chunk: Buffer) => this.#guarded(() => frames.push(chunk)))
    stream.on("error", (error) => this.#goDown(`the connection to the host failed: ${error.message}`))
    stream.on("close", () => this.#goDown("the host closed the connection"))
    this.#greetingTimer = this.#after(GREETING_LIMIT_MS, () =>
      this.#fail(new HostLinkError("silent", "the host took the connection and did not greet")),
    )
  }

  greet(): void {
    const { version, journal, acked, key } = this.#options
    const nonce = this.#nonce
    this.#send({
      ...{ type: "hello", protocols: [...HOST_PROTOCOLS], version, journal, acked },
      features: [...LINK_FEATURES],
      ...(key === null ? {} : { proof: { nonce, mac: prove(key, "runtime", nonce) } }),
    })
  }

  #send(frame: RuntimeFrame): void {
    if (this.#downReason !== null) return
    const json = JSON.stringify(frame)
    for (const line of this.#features.has("parts") ? linesOf(json) : [json])
      this.#options.stream.write(`${line}\n`)
  }

  /** Judged after reading: what came while this process was held up itself has come in time. */
  #after(ms: number, run: () => void): { cancel(): void } {
    let isCancelled = false
    const timer = this.#clock.after(ms, () => setImmediate(() => !isCancelled && run()))
    return {
      cancel: () => {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  #guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error
      this.#goDown(`the host sent a frame that is too long: ${error.message}`)
    }
  }

  #onJson(json: string): void {
    if (this.#downReason !== null) return
    this.#pulse?.heard()
    const incoming = readFrame(json)
    if (this.#early !== null) this.#early.push(incoming)
    else this.#onIncoming(incoming)
  }

  #onIncoming(incoming: Incoming): void {
    switch (incoming.kind) {
      case "frame":
        return this.#onFrame(incoming.frame)
      case "odd event":
        if (this.#isNext(incoming)) this.#options.onOdd?.(incoming)
        return
      case "odd":
        return this.#options.onOdd?.(incoming)
      case "malformed":
        return this.#goDown("the host sent a frame that is not part of the protocol")
    }
  }

  #onFrame(frame: HostFrame): void {
    switch (frame.type) {
      case "welcome":
        return this.#onWelcome(frame)
      case "refused":
        return this.#onRefused(frame)
      case "event": {
        const { type: _, ...event } = frame
        if (this.#isNext(event)) this.#options.onEvent(event)
        return
      }
      case "live": {
        const { type: _, ...live } = frame
        return this.#options.onLive(live)
      }
      case "result":
      case "error":
        return this.#asked.answered(frame)
      case "ping":
        return this.#send({ type: "pong", id: frame.id })
      case "pong":
    }
  }

  /** False of an event that was told before, and of all that follow a gap until the missing ones have come. */
  #isNext({ seq, prev }: Pick<HostEvent, "seq" | "prev">): boolean {
    if (prev !== undefined && prev > this.#received) {
      if (!this.#isRewinding) this.#send({ type: "ack", seq: this.#acked, rewind: true })
      this.#isRewinding = true
      return false
    }
    this.#isRewinding = false
    if (seq <= this.#received) return false
    this.#received = seq
    return true
  }

  #onRefused({ code, reason }: Extract<HostFrame, { type: "refused" }>): void {
    this.#fail(new HostLinkError(code === "taken" ? "taken" : "refused", reason))
  }

  #onWelcome(welcome: Welcome): void {
    if (this.#isWelcomed) return this.#goDown("the host greeted twice")
    if (!this.#isProven(welcome)) return this.#goDown("who greeted is not the host of this data directory")
    this.#isWelcomed = true
    this.#greetingTimer.cancel()
    this.#features = new Set(LINK_FEATURES.filter((feature) => welcome.features.includes(feature)))
    if (welcome.journal !== this.#options.journal) {
      this.#received = 0
      this.#acked = 0
    }
    if (this.#features.has("ping")) this.#pulse = this.#startPulse()
    this.#early = []
    this.#options.stream.pause()
    this.#greeting.resolve(this.#link(welcome))
    setImmediate(() => this.#deliverEarly())
  }

  /** The first protocol had no proofs. */
  #isProven({ protocol, proof }: Welcome): boolean {
    const { key } = this.#options
    if (key === null || protocol === 1) return true
    return proof !== undefined && isProven(proof, key, "host", this.#nonce)
  }

  #startPulse(): Pulse {
    let pings = 0
    return new Pulse({
      clock: this.#clock,
      ping: () => {
        pings += 1
        this.#send({ type: "ping", id: pings })
      },
      onSilent: () =>
        this.#fail(new HostLinkError("silent", `the host has said nothing for ${BEAT_MS / 1000} s and more`)),
    })
  }

  #deliverEarly(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const incoming of early) if (this.#downReason === null) this.#onIncoming(incoming)
    this.#options.stream.resume()
  }

  #link({ journal, version, pid, boot, machine }: Welcome): HostLink {
    return {
      ...{ journal, version, pid, features: this.#features },
      ...(boot === undefined ? {} : { boot }),
      ...(machine === undefined ? {} : { machine }),
      command: (command) => this.#command(command),
      ack: (seq) => {
        this.#acked = Math.max(this.#acked, seq)
        this.#send({ type: "ack", seq })
      },
      close: () => this.#goDown("closed by the runtime"),
      closed: this.closed,
    }
  }

  #command<C extends HostCommand>(command: C): Promise<HostResult<C["kind"]>> {
    if (this.#downReason !== null) return Promise.reject(new HostLinkError("closed", this.#downReason))
    return this.#asked.ask(command)
  }

  #goDown(reason: string): void {
    this.#fail(new HostLinkError("closed", reason))
  }

  #fail(error: HostLinkError): void {
    if (this.#downReason !== null) return
    this.#downReason = error.message
    this.#greetingTimer.cancel()
    this.#pulse?.stop()
    this.#options.stream.destroy()
    this.#greeting.reject(error)
    this.#asked.fail(error)
    this.#end.resolve(error.message)
    if (this.#isWelcomed) this.#options.onDown?.(error.message)
  }
}
