/** One connection of the live protocol over the runtime's local socket. */
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { connect } from "node:net"
import { WebSocket } from "ws"
import { ownVersion } from "../platform/installation.ts"
import { errorCode } from "../platform/system-error.ts"
import { type FromClient, type FromServer, LIVE_PROTOCOL, readFrame } from "../protocol/live.ts"
import { NotRunningError } from "./control-client.ts"

export interface LiveConnection extends AsyncDisposable {
  /** Ends with the connection. */
  readonly frames: AsyncIterable<FromServer>
  say(message: FromClient): void
}

/** What was received is acknowledged after so many bytes, or so many ms. */
const TAKEN_BYTES = 64 * 1024
const TAKEN_MS = 300
const OPEN_MS = 8_000
/** A runtime that lives says something, if only a ping, within this time, in ms. */
const SILENT_MS = 40_000

/** @throws NotRunningError when no runtime listens there, or it leaves just now. */
export async function connectLive(socket: string, signal: AbortSignal): Promise<LiveConnection> {
  // A path in the address would be taken for one: it may have any characters.
  const wire = new WebSocket("ws://localhost/v1/live", {
    createConnection: () => connect(socket),
    handshakeTimeout: OPEN_MS,
    perMessageDeflate: false,
  })
  const received = new Received()
  const silence = setTimeout(() => wire.terminate(), SILENT_MS)
  wire.on("message", (data) => {
    silence.refresh()
    received.push(String(data))
  })
  wire.on("ping", () => silence.refresh())
  wire.on("close", () => {
    clearTimeout(silence)
    received.end()
  })
  wire.on("error", () => received.end())
  const leave = () => wire.terminate()
  signal.addEventListener("abort", leave)
  try {
    await once(wire, "open")
  } catch (error) {
    signal.removeEventListener("abort", leave)
    throw isAbsence(error) ? new NotRunningError("not running", { cause: error }) : error
  }
  const say = (message: FromClient) => {
    if (wire.readyState === WebSocket.OPEN) wire.send(JSON.stringify(message))
  }
  const build = ownVersion()
  say({ type: "hello", protocol: LIVE_PROTOCOL, client: randomUUID(), build, surface: "terminal" })
  return {
    frames: acknowledged(received, say),
    say,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", leave)
      if (wire.readyState === WebSocket.CLOSED) return
      wire.terminate()
      await received.over
    },
  }
}

/** Nobody there, or somebody who is just leaving: then the next one is waited for. */
function isAbsence(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === "ENOENT" || code === "ECONNREFUSED" || code === "ECONNRESET" || /503|hang up/.test(String(error))
  )
}

/** A frame is taken when whoever reads comes for the next one. */
async function* acknowledged(
  received: Received,
  say: (message: FromClient) => void,
): AsyncGenerator<FromServer> {
  let bytes = 0
  let taken = 0
  let timer: NodeJS.Timeout | null = null
  const acknowledge = () => {
    if (timer) clearTimeout(timer)
    timer = null
    bytes = 0
    say({ type: "taken", n: taken })
  }
  try {
    for await (const text of received.texts()) {
      const n = Number(/^\{"n":(\d+)/.exec(text)?.[1] ?? 0)
      const frame = readFrame(text)
      if (frame) yield frame
      taken = Math.max(taken, n)
      bytes += text.length
      if (bytes >= TAKEN_BYTES) acknowledge()
      else timer ??= setTimeout(acknowledge, TAKEN_MS)
    }
  } finally {
    if (timer) clearTimeout(timer)
  }
}

/** What came and was not read yet. */
class Received {
  readonly #texts: string[] = []
  #news = Promise.withResolvers<void>()
  #isOver = false
  readonly #end = Promise.withResolvers<void>()
  readonly over = this.#end.promise

  push(text: string): void {
    this.#texts.push(text)
    this.#news.resolve()
  }

  end(): void {
    this.#isOver = true
    this.#end.resolve()
    this.#news.resolve()
  }

  async *texts(): AsyncGenerator<string> {
    for (;;) {
      const text = this.#texts.shift()
      if (text !== undefined) yield text
      else if (this.#isOver) return
      else {
        this.#news = Promise.withResolvers()
        await this.#news.promise
      }
    }
  }
}
