/** The host's end of the link: a socket for the one runtime of this data directory. */
import { chmodSync, rmSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { prepareSocketDirectory } from "../platform/socket-path.ts"
import { Connection, type ConnectionOptions } from "./connection.ts"

export interface LinkServerOptions extends Omit<ConnectionOptions, "socket" | "onWelcomed" | "onClosed"> {
  /** Whoever calls holds the host's lock, so a socket found here belongs to nobody. */
  readonly socketPath: string
  /** Called when the last runtime has gone. */
  readonly onAlone: () => void
}

export class LinkServer {
  readonly #options: LinkServerOptions
  readonly #server: Server
  /** Those that have not greeted yet, too. */
  readonly #connections = new Set<Connection>()
  #runtime: Connection | null = null

  constructor(options: LinkServerOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#accept(socket))
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

  #accept(socket: Socket): void {
    const connection = new Connection({
      ...this.#options,
      socket,
      onWelcomed: (welcomed) => {
        this.#runtime?.close("another runtime has connected")
        this.#runtime = welcomed
      },
      onClosed: (closed) => {
        this.#connections.delete(closed)
        if (this.#runtime !== closed) return
        this.#runtime = null
        this.#options.onAlone()
      },
    })
    this.#connections.add(connection)
  }
}
