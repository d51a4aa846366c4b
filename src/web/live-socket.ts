/** The live protocol over WebSockets: handshake, pings, and the end of all of them. */
import { upgradeWebSocket } from "@hono/node-server"
import { Hono } from "hono"
import type { WebSocket } from "ws"
import type { Log } from "../core/log.ts"
import type { ServerFrame } from "../protocol/live.ts"
import type { Door } from "../protocol/operation.ts"
import { LiveClient } from "../runtime/feed/client.ts"
import type { Feed } from "../runtime/feed/feed.ts"
import type { Kernel } from "../runtime/kernel.ts"

export interface LiveSocketsOptions {
  readonly kernel: Pick<Kernel, "ledger" | "clock">
  readonly feed: Feed
  readonly log: Log
  readonly welcome: Pick<ServerFrame<"welcome">, "ledger" | "run" | "build">
}

const PING_MS = 25_000
/** How long a connection may take to end in order, in ms. */
const CLOSE_MS = 500

export class LiveSockets {
  readonly #options: LiveSocketsOptions
  readonly #open = new Set<Connection>()

  constructor(options: LiveSocketsOptions) {
    this.#options = options
  }

  /** `GET <root>/live`; whatever stands before it in the application has let the client in. */
  route(root: string, door: Door): Hono {
    return new Hono()
      .get(
        `${root}/live`,
        upgradeWebSocket(() => {
          let connection: Connection | null = null
          return {
            onOpen: (_, socket) => {
              if (socket.raw) connection = this.#accept(socket.raw as WebSocket, door)
            },
            onMessage: ({ data }) => connection?.client.receive(String(data)),
            onClose: () => this.#forget(connection),
            onError: () => this.#forget(connection),
          }
        }),
      )
      .get(`${root}/live`, (request) => request.text("Upgrade Required\n", 426, { upgrade: "websocket" }))
  }

  /** Tells everyone that the runtime leaves. */
  close(): void {
    for (const { client } of this.#open) client.end("stopping")
  }

  #accept(socket: WebSocket, door: Door): Connection {
    const { kernel, feed, welcome } = this.#options
    const you = { device: null, door, expiresAt: null, stepUpUntil: null }
    const client = new LiveClient({
      ...{ feed, ledger: kernel.ledger, clock: kernel.clock, welcome: { ...welcome, you } },
      wire: {
        send: (text) => socket.send(text),
        close: () => {
          socket.close(1000)
          kernel.clock.after(CLOSE_MS, () => socket.terminate())
        },
      },
    })
    const connection: Connection = { client, socket, ping: { cancel() {} }, isAlive: true }
    socket.on("pong", () => {
      connection.isAlive = true
    })
    this.#open.add(connection)
    this.#ping(connection)
    return connection
  }

  #ping(connection: Connection): void {
    connection.ping = this.#options.kernel.clock.after(PING_MS, () => {
      if (!connection.isAlive) return connection.socket.terminate()
      connection.isAlive = false
      connection.socket.ping()
      this.#ping(connection)
    })
  }

  #forget(connection: Connection | null): void {
    if (!connection) return
    connection.ping.cancel()
    connection.client.closed()
    this.#open.delete(connection)
  }
}

interface Connection {
  readonly client: LiveClient
  readonly socket: WebSocket
  ping: { cancel(): void }
  /** It answered the last ping. */
  isAlive: boolean
}
