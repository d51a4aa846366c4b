/** The host's end of the link: a socket for the one runtime of this data directory. */
import { chmodSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { prepareSocketDirectory } from "../platform/socket-path.ts"
import { Connection, type ConnectionOptions } from "./connection.ts"

export interface LinkServerOptions extends Omit<ConnectionOptions, "stream" | "admit" | "onClosed"> {
  /** Whoever calls holds the host's lock, so a socket found here belongs to nobody. */
  readonly socketPath: string
  /** Called when the last runtime has gone. */
  readonly onAlone: () => void
}

/** How long a runtime that is connected may take, in ms, to show that it lives when another comes. */
const PROOF_OF_LIFE_MS = 2_000

export class LinkServer {
  readonly #options: LinkServerOptions
  readonly #server: Server
  /** Those that have not greeted yet, too. */
  readonly #connections = new Set<Connection>()
  #runtime: Connection | null = null

  constructor(options: LinkServerOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.accept(socket))
  }

  get isConnected(): boolean {
    return this.#runtime !== null
  }

  /** @throws when the socket cannot be created. */
  async listen(): Promise<void> {
    const { socketPath, log } = this.#options
    prepareSocketDirectory(socketPath)
    rmSync(socketPath, { force: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once("error", reject)
    this.#server.listen(socketPath, resolve)
    await promise
    this.#server.on("error", (error) => log.error({ error }, "the link's socket failed"))
    chmodSync(socketPath, 0o600)
  }

  wake(): void {
    this.#runtime?.wake()
  }

  wakeLive(): void {
    this.#runtime?.wakeLive()
  }

  /** No new connections; resolves when those there have taken what was left for them and have ended. */
  async close(): Promise<void> {
    const closed = Promise.withResolvers<void>()
    this.#server.close(() => closed.resolve())
    for (const connection of this.#connections) connection.end()
    await closed.promise
  }

  /** A stream on which a runtime will greet. */
  accept(stream: ConnectionOptions["stream"]): void {
    const connection = new Connection({
      ...this.#options,
      stream,
      admit: (greeted) => this.#admit(greeted),
      onClosed: (closed) => {
        this.#connections.delete(closed)
        if (this.#runtime === closed) this.#lose()
      },
    })
    this.#connections.add(connection)
  }

  /** One that lives is never displaced; one that hangs or is gone does not stand in the way. */
  async #admit(greeted: Connection): Promise<boolean> {
    for (let current = this.#runtime; current !== null; current = this.#runtime) {
      const isAlive = await current.answers(PROOF_OF_LIFE_MS)
      if (this.#runtime !== current) continue
      if (isAlive) return false
      current.close("another runtime has connected, and this one does not answer")
      this.#runtime = null
    }
    if (greeted.isClosed) return false
    this.#runtime = greeted
    return true
  }

  #lose(): void {
    this.#runtime = null
    this.#options.onAlone()
  }
}
