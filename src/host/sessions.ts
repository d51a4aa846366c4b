/** What the runtime wants of sessions, each command carried out once however often it comes. */
import { createHash } from "node:crypto"
import { ProviderError } from "../core/provider-error.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import type { AttemptState, HostCommand, HostResult } from "../protocol/host-link.ts"
import type { ProviderId, SessionId } from "../protocol/ids.ts"
import type { Answer, Settings } from "../protocol/session.ts"
import type { Clock, Log, Provider } from "../providers/provider.ts"
import type { Attempts } from "./attempts.ts"
import { CommandError } from "./command-error.ts"
import { notConfigured } from "./failures.ts"
import type { Journal } from "./journal/journal.ts"
import { Lane } from "./lane.ts"
import type { Delta } from "./open-session.ts"

export interface SessionsOptions {
  readonly journal: Journal
  readonly attempts: Attempts
  readonly providers: ReadonlyMap<ProviderId, Provider>
  readonly clock: Clock
  readonly log: Log
  readonly onDelta: (delta: Delta) => void
  /** An open agent without work is closed after this long, in ms. */
  readonly idleMs: () => number
  /** Called when no session has anything running or open any more. */
  readonly onEmpty: () => void
}

type Command<K extends HostCommand["kind"]> = Extract<HostCommand, { kind: K }>

export class Sessions {
  readonly #options: SessionsOptions
  readonly #lanes = new Map<SessionId, Lane>()
  /** Answers and steers being handed over now, by id: a repetition waits for the first. */
  readonly #underway = new Map<string, Promise<unknown>>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0
  }

  /** Takes up what an earlier host left: each attempt is started, taken over, or told how it ended. */
  restore(): void {
    for (const { attempt, spec, prompt, state } of this.#options.journal.openAttempts()) {
      this.#lane(spec.session).add({ attempt, prompt, mustRecover: state !== "recorded" })
    }
  }

  start(command: Command<"turn.start">): { readonly state: AttemptState } {
    const { attempts, providers } = this.#options
    const { attempt, spec, prompt, recoverOnly } = command
    const known = attempts.state(attempt)
    if (known !== null) return { state: known }
    if (!providers.has(spec.provider)) throw unknownProvider(spec.provider)
    const lane = this.#lane(spec.session)
    // One write to the disk instead of two where nothing stands between the record and the hand-over.
    const state = recoverOnly || lane.isReadyFor(spec) ? "handing_over" : "recorded"
    attempts.record(attempt, spec, { prompt, state })
    lane.add({ attempt, prompt, mustRecover: recoverOnly })
    return { state }
  }

  async interrupt({
    session,
    attempt,
  }: Command<"turn.interrupt">): Promise<{ readonly interrupted: boolean }> {
    const lane = this.#lanes.get(session)
    return { interrupted: lane ? await fromProvider(lane.interrupt(attempt)) : false }
  }

  async steer(command: Command<"turn.steer">): Promise<HostResult<"turn.steer">> {
    const { journal } = this.#options
    const { steerId } = command
    while (this.#underway.has(steerId)) await this.#waitFor(steerId)
    const known = journal.steer(steerId)
    if (known) return { outcome: parseSteerOutcome(known.outcome) }
    return { outcome: await this.#once(steerId, () => this.#handSteer(command)) }
  }

  async #handSteer({ session, attempt, steerId, prompt }: Command<"turn.steer">) {
    const { journal, attempts } = this.#options
    const lane = this.#lanes.get(session)
    if (!lane || !attempts.isOpen(attempt)) return "too_late"
    journal.write("durable", () => journal.addSteer(steerId, attempt))
    try {
      const outcome = await lane.steer(attempt, prompt)
      this.#note(() => journal.setSteerOutcome(steerId, outcome))
      return outcome
    } catch (error) {
      // Certainly not taken: it may be sent again. After any other fault that is unknown, and stays so.
      if (error instanceof ProviderError) journal.write("durable", () => journal.forgetSteer(steerId))
      throw providerFault(error)
    }
  }

  async answer(command: Command<"request.answer">): Promise<HostResult<"request.answer">> {
    const { journal } = this.#options
    const { request } = command
    const digest = digestOf(command.answer)
    while (this.#underway.has(request)) await this.#waitFor(request)
    const known = journal.answer(request)
    if (known?.outcome)
      return { outcome: known.digest === digest && known.outcome === "answered" ? "answered" : "gone" }
    return { outcome: await this.#once(request, () => this.#handAnswer(command, digest)) }
  }

  /** Recorded first, so that an agent that outlives this host is not given a second, different answer. */
  async #handAnswer({ session, request, answer }: Command<"request.answer">, digest: string) {
    const { journal } = this.#options
    const attempt = journal.attemptOfRequest(request)
    const lane = this.#lanes.get(session)
    if (attempt === null || !lane) return "gone"
    journal.write("durable", () => journal.addAnswer({ request, attempt, digest }))
    const outcome = await fromProvider(lane.answer(attempt, request, answer))
    this.#note(() => journal.setAnswerOutcome(request, outcome))
    return outcome
  }

  /** What has happened is told even if it cannot be written down; only a later host would have to ask again. */
  #note(change: () => void): void {
    const { journal, log } = this.#options
    try {
      journal.write("durable", change)
    } catch (error) {
      if (!isSqliteStorageFailure(error)) throw error
      log.error({ error }, "an outcome could not be written to the journal")
    }
  }

  async configure(session: SessionId, settings: Settings): Promise<void> {
    await fromProvider(this.#lanes.get(session)?.configure(settings) ?? Promise.resolve())
  }

  async close(session: SessionId): Promise<void> {
    await this.#lanes.get(session)?.close()
  }

  /** Looks again how long agents without work may stay open. */
  rest(): void {
    for (const lane of this.#lanes.values()) lane.rest()
  }

  /** Asks every agent to end, and resolves when all have or have failed to. */
  async stop(): Promise<void> {
    const stopped = await Promise.allSettled([...this.#lanes.values()].map((lane) => lane.stop()))
    for (const result of stopped) {
      if (result.status === "rejected")
        this.#options.log.error({ error: result.reason }, "an agent did not stop")
    }
  }

  /** Its failure is told to who began it. */
  async #waitFor(id: string): Promise<void> {
    await this.#underway.get(id)?.catch(() => null)
  }

  async #once<T>(id: string, act: () => Promise<T>): Promise<T> {
    const underway = act()
    this.#underway.set(id, underway)
    try {
      return await underway
    } finally {
      this.#underway.delete(id)
    }
  }

  #lane(session: SessionId): Lane {
    const found = this.#lanes.get(session)
    if (found) return found
    const { attempts, clock, log, onDelta, idleMs, providers } = this.#options
    const lane = new Lane({
      ...{ session, attempts, clock, log, onDelta, idleMs },
      provider: (spec) => providers.get(spec.provider) ?? null,
      onEmpty: () => {
        this.#lanes.delete(session)
        if (this.isEmpty) this.#options.onEmpty()
      },
    })
    this.#lanes.set(session, lane)
    return lane
  }
}

export function unknownProvider(id: ProviderId): CommandError {
  return new CommandError("unknown_provider", `the agent ${id} is not configured here`, {
    failure: notConfigured(id),
  })
}

/** Faults of a provider as the link tells them. */
export async function fromProvider<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw providerFault(error)
  }
}

function providerFault(error: unknown): CommandError {
  if (error instanceof ProviderError) {
    return new CommandError("provider", error.message, { cause: error, failure: error.failure })
  }
  return new CommandError("provider", "the agent's adapter failed unexpectedly", { cause: error })
}

/** An answer may be a secret, so only its digest is kept: enough to tell a repetition from another answer. */
function digestOf(answer: Answer): string {
  return createHash("sha256").update(JSON.stringify(answer)).digest("hex")
}

function parseSteerOutcome(outcome: string | null): HostResult<"turn.steer">["outcome"] {
  return outcome === "steered" || outcome === "too_late" || outcome === "unsupported" ? outcome : "unknown"
}
