/** Local sockets in memory: ordered and lossless as the kernel's are, in pieces of any size, with a buffer that fills. */
import { EventEmitter } from "node:events"
import { writeFileSync } from "node:fs"
import { machine, type Process } from "./machine.ts"

/** A write beyond this is told to wait, in bytes. */
const ROOM = 16 * 1024
const servers = new Map<string, SimServer>()

export const forgetSockets = (): void => servers.clear()

class SimSocket extends EventEmitter {
  readonly #process: Process
  #peer: SimSocket | null = null
  /** On its way to us, or here and not taken. */
  readonly #incoming: Buffer[] = []
  #isPaused = false
  #hasEnded = false
  #isClosed = false
  #unread = 0
  #lastArrival = 0
  writableNeedDrain = false

  constructor(process: Process) {
    super()
    this.#process = process
    process.onEnd.push(() => this.#hangUp())
  }

  /** What came before anybody listened is kept. */
  override on(name: string, listener: (...values: never[]) => void): this {
    super.on(name, listener as (...values: unknown[]) => void)
    if (name === "data") this.#later(() => this.#deliver())
    return this
  }

  get writable(): boolean {
    return !this.#isClosed && !this.#hasEnded
  }

  static pair(client: SimSocket, server: SimSocket): void {
    client.#peer = server
    server.#peer = client
  }

  write(data: string | Buffer): boolean {
    return machine().step("write", `${data.length}`, () => {
      const peer = this.#peer
      if (!this.writable || !peer) {
        this.#later(() => this.#fail("EPIPE"))
        return false
      }
      const bytes = typeof data === "string" ? Buffer.from(data) : data
      for (const piece of pieces(bytes)) peer.#receive(piece)
      peer.#unread += bytes.length
      if (peer.#unread > ROOM) this.writableNeedDrain = true
      return !this.writableNeedDrain
    })
  }

  end(): this {
    if (this.writable) {
      this.#hasEnded = true
      this.#hangUp()
    }
    return this
  }

  destroy(): this {
    if (this.#isClosed) return this
    this.#hangUp()
    this.#isClosed = true
    this.#later(() => this.emit("close"))
    return this
  }

  pause(): this {
    this.#isPaused = true
    return this
  }

  resume(): this {
    this.#isPaused = false
    this.#later(() => this.#deliver())
    return this
  }

  #later(run: () => void): void {
    machine().schedule(this.#process, 0, run)
  }

  /** Never out of order. */
  #arrive(run: () => void): void {
    const { now } = machine()
    this.#lastArrival = Math.max(this.#lastArrival, now + machine().delay(0.02, 4))
    machine().schedule(this.#process, this.#lastArrival - now, run)
  }

  #receive(piece: Buffer): void {
    this.#arrive(() => {
      this.#incoming.push(piece)
      this.#deliver()
    })
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isClosed && this.listenerCount("data") > 0) {
      const piece = this.#incoming.shift()
      if (!piece) return
      this.#unread -= piece.length
      this.emit("data", piece)
      const peer = this.#peer
      if (peer?.writableNeedDrain && this.#unread < ROOM / 2)
        machine().schedule(peer.#process, machine().delay(0.02, 1), () => {
          if (!peer.writableNeedDrain) return
          peer.writableNeedDrain = false
          peer.emit("drain")
        })
    }
  }

  /** The far side sees the end after everything that was written. */
  #hangUp(): void {
    const peer = this.#peer
    this.#peer = null
    if (!peer || peer.#isClosed) return
    peer.#arrive(() => peer.#closeWhenRead())
  }

  #closeWhenRead(): void {
    if (this.#isClosed) return
    if (this.#incoming.length > 0) {
      machine().schedule(this.#process, 1, () => this.#closeWhenRead())
      return
    }
    this.#hangUp()
    this.#isClosed = true
    this.emit("close")
  }

  #fail(code: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.emit("error", Object.assign(new Error(code), { code }))
    this.emit("close")
  }
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  let rest = bytes
  while (rest.length > 1 && machine().random.next() < 0.1) {
    const cut = machine().random.between(1, rest.length - 1)
    yield rest.subarray(0, cut)
    rest = rest.subarray(cut)
  }
  yield rest
}

export function connect(path: string): SimSocket {
  const socket = new SimSocket(machine().current)
  const { current } = machine()
  const server = servers.get(path)
  machine().schedule(current, machine().delay(0.05, 2), () => {
    if (!server || servers.get(path) !== server) {
      socket.emit("error", Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))
      return
    }
    server.accept(socket)
    socket.emit("connect")
  })
  return socket
}

class SimServer extends EventEmitter {
  readonly #process = machine().current
  readonly #onConnection: (socket: SimSocket) => void
  #path: string | null = null

  constructor(onConnection: (socket: SimSocket) => void) {
    super()
    this.#onConnection = onConnection
    this.#process.onEnd.push(() => this.#unlist())
  }

  listen(path: string, onListening: () => void): this {
    this.#path = path
    servers.set(path, this)
    // The product sets its mode.
    writeFileSync(path, "")
    machine().schedule(this.#process, 0, onListening)
    return this
  }

  accept(client: SimSocket): void {
    const socket = new SimSocket(this.#process)
    SimSocket.pair(client, socket)
    machine().schedule(this.#process, machine().delay(0.02, 1), () => this.#onConnection(socket))
  }

  close(onClosed?: () => void): this {
    this.#unlist()
    machine().schedule(this.#process, 1, () => onClosed?.())
    return this
  }

  #unlist(): void {
    if (this.#path !== null && servers.get(this.#path) === this) servers.delete(this.#path)
  }
}

export const createServer = (onConnection: (socket: SimSocket) => void): SimServer =>
  new SimServer(onConnection)
