/** An HTTP server around a Hono application: its birth, its limits and its end. */
import { createServer, type Server } from "node:http"
import type { ListenOptions } from "node:net"
import { createAdaptorServer, type WebSocketServerLike } from "@hono/node-server"
import type { Hono } from "hono"
import { WebSocketServer } from "ws"

/** Connections at once; whoever comes then is not served. */
const CONNECTIONS = 64
/** A request's head is there within this time, in ms. */
const HEAD_MS = 10_000
/** Largest message of a client over a WebSocket, in bytes. */
const MESSAGE_BYTES = 64 * 1024

export function httpServer(app: Hono): Server {
  const sockets = new WebSocketServer({
    ...{ noServer: true, maxPayload: MESSAGE_BYTES, perMessageDeflate: false },
  })
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: { headersTimeout: HEAD_MS, connectionsCheckingInterval: 1_000 },
    overrideGlobalObjects: false,
    websocket: { server: sockets as WebSocketServerLike },
  }) as Server
  server.maxConnections = CONNECTIONS
  return server
}

/** @throws the system's error when the address cannot be used. */
export async function listen(server: Server, where: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once("error", reject)
  server.listen(where, resolve)
  try {
    await promise
  } finally {
    server.off("error", reject)
  }
}

/** Takes no more, waits for the answers on their way, and cuts off those that are not out after `limitMs`. */
export async function closeServer(server: Server, limitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  const timer = setTimeout(() => server.closeAllConnections(), limitMs)
  await promise
  clearTimeout(timer)
}
