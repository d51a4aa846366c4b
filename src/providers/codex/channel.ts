/** A way to exchange JSON texts with an app-server: a WebSocket over its unix socket, or the pipes of a child. */
import { createConnection } from "node:net"
import WebSocket from "ws"
import type { Child, Valve } from "../provider.ts"

export interface Channel {
  send(text: string): void
  close(): void
  onMessage(listener: (text: string) => void): void
  /** Called once, also when `close` was called. */
  onClose(listener: (reason: string) => void): void
}

export interface SocketOptions {
  readonly timeoutMs: number
  readonly valve: Valve
}

/** @throws Error when nothing answers there within `timeoutMs`. */
export function openSocket(socketPath: string, { timeoutMs, valve }: SocketOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket("ws://localhost/", {
      createConnection: () => createConnection(socketPath),
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
    })
    socket.once("error", (cause) => reject(new Error(`no app-server at ${socketPath}`, { cause })))
    socket.once("open", () => {
      socket.once("close", valve.attach(socket))
      resolve(new SocketChannel(socket))
    })
  })
}

class SocketChannel implements Channel {
  readonly #socket: WebSocket
  #lastError = "closed"

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on("error", (error) => {
      this.#lastError = error.message
    })
  }

  send(text: string): void {
    // A send to a socket that just closed is answered by the close event, which fails every open request.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
  }

  close(): void {
    this.#socket.terminate()
  }

  onMessage(listener: (text: string) => void): void {
    this.#socket.on("message", (data) => listener(String(data)))
  }

  onClose(listener: (reason: string) => void): void {
    this.#socket.once("close", () => listener(this.#lastError))
  }
}

/** Closing it ends the child. */
export function childChannel(child: Child): Channel {
  return {
    // A write to a child that is gone is answered by its exit, which fails every open request.
    send: (text) => void child.writeLine(text).catch(() => undefined),
    close: () => void child.kill(),
    onMessage: (listener) => child.onLine(listener),
    onClose: (listener) =>
      void child.exited.then(({ code, signal }) => listener(`ended with ${signal ?? code ?? "nothing"}`)),
  }
}
