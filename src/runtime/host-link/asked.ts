/** Commands on their way: each is answered, refused, or given up when its time is over. */
import { type HostCommand, type HostFrame, type HostResult, hostResults } from "../../protocol/host-link.ts"
import { HostLinkError } from "./link.ts"
import { patience } from "./patience.ts"

interface Waiting {
  readonly kind: HostCommand["kind"]
  readonly timer: { cancel(): void }
  resolve(value: unknown): void
  reject(error: HostLinkError): void
}

export interface AskedOptions {
  readonly after: (ms: number, run: () => void) => { cancel(): void }
  readonly send: (id: number, command: HostCommand) => void
  /** A command that must be known to be done or not was not answered: the link is of no use any more. */
  readonly onSilent: (error: HostLinkError) => void
}

export class Asked {
  readonly #options: AskedOptions
  /** By frame id. */
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  constructor(options: AskedOptions) {
    this.#options = options
  }

  ask<C extends HostCommand>(command: C): Promise<HostResult<C["kind"]>> {
    const { kind } = command
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = this.#nextId++
    const timer = this.#options.after(patience[kind].limit, () => this.#onLate(id))
    this.#waiting.set(id, { kind, timer, resolve, reject })
    this.#options.send(id, command)
    return promise.then((value) => parseResult<C["kind"]>(kind, value))
  }

  answered(frame: Extract<HostFrame, { type: "result" | "error" }>): void {
    const waiting = this.#take(frame.id)
    if (frame.type === "result") waiting?.resolve(frame.value)
    else waiting?.reject(faultOf(frame))
  }

  fail(error: HostLinkError): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error)
  }

  #onLate(id: number): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    const { limit, beyond } = patience[waiting.kind]
    const message = `the host did not answer ${waiting.kind} within ${limit / 1000} s`
    if (beyond === "link") return this.#options.onSilent(new HostLinkError("silent", message))
    this.#take(id)?.reject(
      new HostLinkError("late", message, {
        failure: { class: "unknown", reason: { code: "host_late", seconds: limit / 1000 } },
      }),
    )
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.timer.cancel()
    return waiting
  }
}

/** An older host has only its message to say what the agent's failure was. */
function faultOf({ code, message, failure }: Extract<HostFrame, { type: "error" }>): HostLinkError {
  const told = code === "provider" ? ({ class: "unknown", detail: message } as const) : undefined
  return new HostLinkError(code, message, { failure: failure ?? told })
}

function parseResult<K extends HostCommand["kind"]>(kind: K, value: unknown): HostResult<K> {
  const parsed = hostResults[kind].safeParse(value)
  if (!parsed.success) {
    throw new HostLinkError("malformed", `the host answered ${kind} in an unexpected form`, {
      cause: parsed.error,
    })
  }
  return parsed.data as HostResult<K>
}
