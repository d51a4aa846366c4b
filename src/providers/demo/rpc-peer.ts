/**
 * JSON-RPC 2.0 over lines, the agent's side. Small, so that an agent of ours starts in a few milliseconds: the library that
 * the client's side uses takes 0.4 s and 45 MB to load.
 */

export class RpcError extends Error {
  override readonly name = "RpcError"
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface RpcHandlers {
  /** @throws RpcError, which the other side is told. */
  request(method: string, params: unknown): Promise<unknown>
  notification(method: string, params: unknown): void
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export class RpcPeer {
  readonly #write: (line: string) => void
  readonly #handlers: RpcHandlers
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(write: (line: string) => void, handlers: RpcHandlers) {
    this.#write = write
    this.#handlers = handlers
  }

  /** One line from the other side. */
  receive(line: string): void {
    const message: unknown = JSON.parse(line)
    if (typeof message !== "object" || message === null) return
    const id = "id" in message ? message.id : undefined
    const params = "params" in message ? message.params : undefined
    if ("method" in message && typeof message.method === "string") {
      if (id === undefined) this.#handlers.notification(message.method, params)
      else void this.#serve(id, message.method, params)
      return
    }
    if (typeof id === "number") this.#settle(id, message)
  }

  request(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { resolve, reject })
    this.#send({ id, method, params })
    return promise
  }

  notify(method: string, params: object): void {
    this.#send({ method, params })
  }

  async #serve(id: unknown, method: string, params: unknown): Promise<void> {
    try {
      this.#send({ id, result: await this.#handlers.request(method, params) })
    } catch (error) {
      const code = error instanceof RpcError ? error.code : -32_603
      const message = error instanceof Error ? error.message : String(error)
      this.#send({ id, error: { code, message } })
    }
  }

  #settle(id: number, message: object): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if ("result" in message) waiting?.resolve(message.result)
    else
      waiting?.reject(new RpcError(-32_603, "error" in message ? JSON.stringify(message.error) : "no result"))
  }

  #send(message: object): void {
    this.#write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  }
}
