/**
 * Puts the machine in the place of what Node gives: timers, clocks, chance, SQLite, sockets, HTTP, child processes.
 * Done to Node's modules from outside, as `test/crash/hook.ts` does it; the product knows nothing of it.
 */
import childProcess from "node:child_process"
import crypto from "node:crypto"
import fs from "node:fs"
import http from "node:http"
import { syncBuiltinESMExports } from "node:module"
import net from "node:net"
import timersPromises from "node:timers/promises"
import workerThreads from "node:worker_threads"
import { watchDatabases } from "./disk.ts"
import { type Event, isSimulated, machine } from "./machine.ts"
import { SimRequest } from "./network.ts"
import { connect, createServer } from "./sockets.ts"
import { spawn } from "./spawn.ts"

class Timer {
  event: Event
  readonly #again: () => Event
  constructor(again: () => Event) {
    this.#again = again
    this.event = again()
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return false
  }
  refresh(): this {
    this.event.run = null
    this.event = this.#again()
    return this
  }
  close(): this {
    this.event.run = null
    return this
  }
  [Symbol.toPrimitive](): number {
    return this.event.seq
  }
}

function after(ms: number | undefined, run: () => void): Timer {
  const delay = Math.max(1, Math.floor(Number(ms) || 0))
  const { current } = machine()
  return new Timer(() => machine().schedule(current, delay, run))
}

const clear = (timer: unknown): void => {
  if (timer instanceof Timer) timer.close()
}

export function install(): void {
  if (!isSimulated()) throw new Error("switch a machine on first")
  const given = { Date: Date.now, random: Math.random }
  const globals = globalThis as unknown as Record<string, unknown>
  globals.setTimeout = (run: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) =>
    after(ms, () => run(...values))
  globals.setInterval = (run: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    const timer: Timer = after(ms, () => {
      timer.refresh()
      run(...values)
    })
    return timer
  }
  globals.setImmediate = (run: (...values: unknown[]) => void, ...values: unknown[]) => {
    const { current } = machine()
    return new Timer(() => machine().schedule(current, 0, () => run(...values)))
  }
  globals.clearTimeout = clear
  globals.clearInterval = clear
  globals.clearImmediate = clear
  Date.now = () => (isSimulated() ? machine().wall : given.Date())
  Math.random = () => (isSimulated() ? machine().random.next() : given.random())
  performance.now = () => machine().now
  Object.defineProperty(process, "pid", { get: () => machine().current.pid })
  AbortSignal.timeout = (ms) => {
    const control = new AbortController()
    after(ms, () =>
      control.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    )
    return control.signal
  }
  Object.assign(timersPromises, {
    setTimeout: (ms?: number, value?: unknown, options: { signal?: AbortSignal } = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const { signal } = options
      if (signal?.aborted) return Promise.reject(abortError())
      const timer = after(ms, () => resolve(value))
      signal?.addEventListener("abort", () => {
        timer.close()
        reject(abortError())
      })
      return promise
    },
    setImmediate: (value?: unknown) => new Promise((resolve) => setImmediate(() => resolve(value))),
  })
  Object.assign(crypto, {
    randomUUID: () => machine().uuid(),
    randomBytes: (size: number) => {
      const bytes = Buffer.alloc(size)
      for (let index = 0; index < size; index += 1) bytes[index] = machine().random.between(0, 255)
      return bytes
    },
  })
  Object.assign(fs, { statfsSync: () => ({ bavail: 1 << 24, bsize: 4096 }) })
  Object.assign(workerThreads, { Worker: checkingWorker(workerThreads.Worker) })
  watchDatabases()
  Object.assign(net, { connect, createServer })
  Object.assign(http, {
    request: (url: string, options: ConstructorParameters<typeof SimRequest>[1]) =>
      new SimRequest(url, options),
  })
  Object.assign(childProcess, { spawn })
  syncBuiltinESMExports()
  process.on("unhandledRejection", (error) => machine().uncaught(machine().current, error))
}

/** The product's one kind of thread reads a file and says what it found. Time stands still until it has ended. */
function checkingWorker(Real: typeof workerThreads.Worker): typeof workerThreads.Worker {
  return class extends Real {
    constructor(...given: ConstructorParameters<typeof workerThreads.Worker>) {
      super(...given)
      const here = machine()
      const { current } = here
      const emit = this.emit.bind(this) as (name: string | symbol, ...said: unknown[]) => boolean
      here.outside += 1
      // What it says is heard by the process that asked, if that still lives.
      this.emit = (name: string | symbol, ...said: unknown[]) => {
        if (name === "exit") here.outside -= 1
        if (!current.isAlive) return false
        // Nothing else runs meanwhile.
        here.current = current
        return emit(name, ...said)
      }
    }
  }
}

const abortError = (): Error =>
  Object.assign(new Error("The operation was aborted"), { name: "AbortError", code: "ABORT_ERR" })
