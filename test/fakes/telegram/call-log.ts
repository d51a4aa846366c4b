import type { RejectionReason } from "./api-error.ts"
import type { FaultEffect } from "./faults.ts"
import { Signal, waitUntil } from "./signal.ts"

export interface Rejection {
  readonly code: number
  readonly reason: RejectionReason
  readonly description: string
}

/** One call of a bot, as it arrived and as it ended. */
export interface CallRecord {
  readonly seq: number
  /** 0 when the token names no bot. */
  readonly botId: number
  readonly method: string
  readonly args: Readonly<Record<string, unknown>>
  readonly uploads: readonly { readonly field: string; readonly fileName: string; readonly bytes: number }[]
  /** Milliseconds of the server's clock. */
  readonly at: number
  endedAt?: number
  /** HTTP status; missing while the call runs and when the connection was cut. */
  status?: number
  result?: unknown
  rejection?: Rejection
  /** A fault that a test put in decided about this call; its outcome is not held against the bot. */
  injected?: FaultEffect["kind"]
}

export type CallMatcher = string | ((call: CallRecord) => boolean)

/** Every call since the start. */
export class CallLog {
  readonly calls: CallRecord[] = []
  readonly changed = new Signal()

  begin(call: Omit<CallRecord, "seq">): CallRecord {
    const record: CallRecord = { seq: this.calls.length + 1, ...call }
    this.calls.push(record)
    this.changed.emit()
    return record
  }

  end(record: CallRecord, outcome: Partial<CallRecord>): void {
    Object.assign(record, outcome)
    this.changed.emit()
  }

  of(matcher: CallMatcher): CallRecord[] {
    const fits = typeof matcher === "function" ? matcher : (call: CallRecord) => call.method === matcher
    return this.calls.filter(fits)
  }

  /** Resolves with the first `count` matching calls once there are so many and they have ended. */
  async seen(matcher: CallMatcher, { count = 1, timeoutMs = 15_000 } = {}): Promise<CallRecord[]> {
    return waitUntil({
      signal: this.changed,
      probe: () => {
        const ended = this.of(matcher).filter((call) => call.endedAt !== undefined)
        return ended.length >= count ? ended.slice(0, count) : undefined
      },
      timeoutMs,
      describe: () =>
        `Saw ${this.of(matcher).length} of ${count} calls ${matcher}. Last calls:\n${this.tail(20)}`,
    })
  }

  /** Calls that Telegram would have refused, without those into an open penalty and those that a fault of the test decided. */
  rejections(): CallRecord[] {
    return this.calls.filter(
      (call) =>
        call.rejection !== undefined && call.rejection.reason !== "penalty" && call.injected === undefined,
    )
  }

  /** Calls sent into a chat (or by a bot) whose 429 had announced a wait that was not over. */
  penaltyViolations(): CallRecord[] {
    return this.calls.filter((call) => call.rejection?.reason === "penalty")
  }

  /** The last calls, one a line, for a test's failure message. */
  tail(count: number): string {
    return this.calls
      .slice(-count)
      .map((call) => describeCall(call))
      .join("\n")
  }
}

export function describeCall(call: CallRecord): string {
  const time = new Date(call.at).toISOString().slice(11, 23)
  const outcome = call.rejection
    ? `${call.rejection.code} ${call.rejection.description}`
    : (call.status ?? (call.endedAt === undefined ? "running" : "cut"))
  const injected = call.injected ? ` [injected ${call.injected}]` : ""
  return `${time} bot ${call.botId} ${call.method} ${JSON.stringify(call.args).slice(0, 300)} -> ${outcome}${injected}`
}
