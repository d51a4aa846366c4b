/** Which faults strike where. Drawn from the seed, or a list to be repeated exactly. */
import { Random } from "../crash/random.ts"

/** Where a process touches the outside: a commit, a write to a socket, a call of the Bot API. */
export type StepKind = "commit" | "write" | "request"

export type FaultKind = "kill_before" | "kill_after" | "power_cut" | "disk_full" | "io_error" | "busy"

export interface Fault {
  /** Steps of all processes, counted from the beginning. */
  readonly step: number
  readonly kind: FaultKind
}

/** What becomes of one call on its way to Telegram and back. */
export type CallFault =
  | { readonly kind: "refused" }
  | { readonly kind: "lost_before" }
  | { readonly kind: "lost_after" }
  | { readonly kind: "half" }
  | { readonly kind: "late"; readonly ms: number; readonly phase: "before_apply" | "after_apply" }
  | { readonly kind: "status"; readonly code: number; readonly retryAfterSeconds?: number }
  /** Telegram took it, a proxy in between says that it failed. */
  | { readonly kind: "bad_gateway_after" }

export interface At {
  readonly step: number
  readonly kind: StepKind
  readonly process: string
  readonly now: number
}

/** Not every run has every kind of fault: what is rare together is found where one kind is frequent. */
export interface Rates {
  readonly kill: Readonly<Record<string, number>>
  readonly power: number
  readonly storage: number
  readonly call: number
  /** Longest absence of a killed runtime, in ms. */
  readonly absence: number
  /** How much longer than usual every step takes: a machine under load, a slow disk. */
  readonly slowness: number
}

export interface ChaosRecord {
  readonly steps: Fault[]
  readonly calls: { readonly call: number; readonly fault: CallFault }[]
}

export class Chaos {
  readonly record: ChaosRecord = { steps: [], calls: [] }
  readonly rates: Rates
  readonly #random: Random
  readonly #list: { steps: Map<number, Fault>; calls: Map<number, CallFault> } | null
  /** In ms of the machine; nothing fails after it. */
  readonly #until: number
  #calls = 0

  constructor(given: { seed: number; until: number; replay?: ChaosRecord | undefined }) {
    this.#random = new Random(given.seed ^ 0x5bd1e995)
    this.rates = drawRates(this.#random)
    this.#until = given.until
    this.#list = given.replay
      ? {
          steps: new Map(given.replay.steps.map((fault) => [fault.step, fault])),
          calls: new Map(given.replay.calls.map(({ call, fault }) => [call, fault])),
        }
      : null
  }

  at({ step, kind, process, now }: At): Fault | null {
    const drawn = this.#list ? (this.#list.steps.get(step) ?? null) : this.#draw(step, kind, process, now)
    // In a shorter history the step may be of another kind.
    const fault = kind !== "commit" && isOfDisk(drawn) ? null : drawn
    if (fault) this.record.steps.push(fault)
    return fault
  }

  call(now: number, method: string): CallFault | null {
    this.#calls += 1
    const fault = this.#list ? (this.#list.calls.get(this.#calls) ?? null) : this.#drawCall(now, method)
    if (fault) this.record.calls.push({ call: this.#calls, fault })
    return fault
  }

  #draw(step: number, kind: StepKind, process: string, now: number): Fault | null {
    const random = this.#random
    const chance = random.next()
    if (now > this.#until) return null
    const { kill, power, storage } = this.rates
    const killRate = kill[process] ?? 0
    if (chance < killRate) return { step, kind: random.next() < 0.5 ? "kill_before" : "kill_after" }
    if (chance < killRate + power) return { step, kind: "power_cut" }
    if (kind === "commit" && chance < killRate + power + storage)
      return { step, kind: random.pick(["disk_full", "io_error", "busy"] as const) }
    return null
  }

  #drawCall(now: number, method: string): CallFault | null {
    const random = this.#random
    const [chance, which, more] = [random.next(), random.next(), random.next()]
    if (now > this.#until || chance >= this.rates.call) return null
    const kinds = [
      "refused",
      "lost_before",
      "lost_after",
      "half",
      "late",
      "status",
      "bad_gateway_after",
    ] as const
    const kind = kinds[Math.floor(which * kinds.length)] ?? "refused"
    if (kind === "late")
      return {
        kind,
        ms: Math.floor(more * 30_000),
        phase: which * 1000 - Math.floor(which * 1000) < 0.5 ? "before_apply" : "after_apply",
      }
    if (kind !== "status") return { kind }
    if (method === "getUpdates" && more < 0.3) return { kind, code: 409 }
    if (more < 0.6) return { kind, code: more < 0.3 ? 500 : 502 }
    if (!/^(send|edit)/.test(method)) return { kind, code: 500 }
    return { kind, code: 429, retryAfterSeconds: 1 + Math.floor((more - 0.6) * 50) }
  }
}

const isOfDisk = (fault: Fault | null): boolean =>
  fault !== null && ["disk_full", "io_error", "busy"].includes(fault.kind)

function drawRates(random: Random): Rates {
  const often = random.pick([1 / 25, 1 / 60, 1 / 150])
  const who = random.pick(["runtime", "host", "both", "both"] as const)
  return {
    kill: {
      runtime: who === "host" ? 0 : often,
      host: who === "runtime" ? 0 : often * random.pick([1, 0.5, 2]),
    },
    power: random.pick([0, 0, 0, 1 / 400]),
    storage: random.pick([0, 0, 0, 1 / 40]),
    call: random.pick([0, 0.02, 0.1, 0.3]),
    absence: random.pick([300, 2_000, 2_000, 400_000]),
    slowness: random.pick([1, 1, 1, 12]),
  }
}
