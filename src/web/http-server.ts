/** An HTTP server around a Hono application: its birth and its end. */
import { createServer, type RequestListener, type Server } from "node:http"
import type { ListenOptions } from "node:net"
import { getRequestListener } from "@hono/node-server"
import type { Hono } from "hono"

export function httpServer(app: Hono): Server {
  // The adapter answers its own failures; its promise never rejects.
  const listener: RequestListener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return createServer(listener)
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
