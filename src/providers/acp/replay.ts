/** Bringing an earlier session back, and what its replay proves. */
import { RequestError } from "@agentclientprotocol/sdk"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId } from "../../protocol/ids.ts"
import type { Failure, Outcome } from "../../protocol/session.ts"
import type { EventSink, Log } from "../provider.ts"
import type { AcpConnection, SessionPeer } from "./connection.ts"
import { failed } from "./failure.ts"
import { findNative, offersList } from "./native-list.ts"
import type { AcpProfile } from "./profile.ts"
import { Turn } from "./turn.ts"
import {
  ATTEMPT_META,
  ENDED_META,
  EndedMark,
  KEEPS_ATTEMPTS_META,
  type Meta,
  SessionResult,
  Update,
  type UpdateEnvelope,
} from "./wire.ts"

interface Known {
  readonly nativeId: string
  readonly workspace: string
  readonly profile: AcpProfile
  readonly peer: SessionPeer
}

/**
 * Reopens a session; `peer` is attached and hears the replay, if there is one. `withReplay` insists on one.
 * @throws ProviderError (`bad_request`) when the agent does not know the session or cannot reopen any.
 */
export async function reload(
  connection: AcpConnection,
  known: Known,
  { withReplay }: { readonly withReplay: boolean },
): Promise<SessionResult> {
  const { nativeId, workspace, profile, peer } = known
  const offered = connection.initialized.agentCapabilities
  const resumes = offered?.sessionCapabilities?.resume === true && !withReplay
  if (!resumes && offered?.loadSession !== true) {
    throw failed("bad_request", { code: "cannot_resume", agent: profile.label })
  }
  if (profile.loadIsLenient) await requireListed(connection, known)
  connection.attach(nativeId, peer)
  try {
    const method = resumes ? "session/resume" : "session/load"
    const params = { sessionId: nativeId, cwd: workspace, mcpServers: [] }
    return await connection.request(method, params, SessionResult.or(NothingToChoose))
  } catch (error) {
    connection.detach(nativeId, peer)
    // The codes differ between agents; their list tells.
    if (isNotFound(error)) throw unknownSession(profile, error)
    if (connection.usable) await requireListed(connection, known)
    if (!(error instanceof ProviderError) || error.failure.class !== "unknown") throw error
    throw failed("bad_request", { code: "not_reopened", agent: profile.label }, error)
  }
}

interface ReaderParts {
  readonly attempt: AttemptId
  readonly label: string
  readonly sink: EventSink
  readonly log: Log
}

/** Hears a replay and keeps what it says of one attempt. */
export class ReplayReader implements SessionPeer {
  readonly #attempt: AttemptId
  /** The agent's name for the owner. */
  readonly #label: string
  readonly #turn: Turn
  #inAttempt = false
  #consumed = false
  #followed = false
  #ended: string | null = null
  #keepsIds = false

  constructor({ attempt, label, sink, log }: ReaderParts) {
    this.#attempt = attempt
    this.#label = label
    this.#turn = new Turn({
      ...{ attempt, sink: itemsOnly(sink), log, began: null },
      foreignTools: new Set(),
      saveImage: () => null,
      onAccepted: () => undefined,
    })
  }

  /** The agent kept an attempt id of ours, so it keeps them all. */
  get keepsIds(): boolean {
    return this.#keepsIds
  }

  get consumed(): boolean {
    return this.#consumed
  }

  update(raw: UpdateEnvelope["update"], envelopeMeta: Meta): void {
    const parsed = Update.safeParse(raw)
    if (!parsed.success) return
    const update = parsed.data
    const meta = { ...envelopeMeta, ...("_meta" in update ? update._meta : null) }
    const ended = EndedMark.safeParse(meta[ENDED_META])
    if (ended.success && ended.data.attempt === this.#attempt) this.#ended = ended.data.stopReason
    if (update.sessionUpdate === "user_message_chunk") this.#prompted(meta[ATTEMPT_META])
    else if (this.#inAttempt) this.#turn.update(update)
  }

  permission(): Promise<never> {
    return Promise.reject(RequestError.invalidRequest())
  }

  elicitation(): Promise<never> {
    return Promise.reject(RequestError.invalidRequest())
  }

  answered(): void {
    // It prompts nothing.
  }

  failed(): void {
    // What could not be read of a replay proves nothing.
  }

  get isPrompted(): boolean {
    return false
  }

  disconnected(): void {
    // The load that feeds this reader fails by itself.
  }

  /** How the consumed attempt stands. Items left open are closed as interrupted unless it ended in order. */
  outcome(): Outcome {
    const decide = (text: string): Outcome => {
      if (this.#ended !== null) return endedOutcome(this.#ended, { agent: this.#label, text })
      // A later prompt was answered, so this one had ended.
      if (this.#followed && text.trim() !== "") return { kind: "completed", text }
      return { kind: "indeterminate", consumed: "yes", text }
    }
    const text = this.#turn.text
    this.#turn.end(decide)
    return decide(text)
  }

  #prompted(attempt: unknown): void {
    const ours = attempt === this.#attempt
    if (typeof attempt === "string") this.#keepsIds = true
    if (this.#inAttempt && !ours) this.#followed = true
    this.#inAttempt = ours
    this.#consumed ||= ours
  }
}

/** Whether the agent says that it keeps attempt ids before it works on a prompt. */
export function keepsAttempts(connection: AcpConnection): boolean {
  return connection.initialized.agentCapabilities?._meta?.[KEEPS_ATTEMPTS_META] === true
}

/** A stop reason of the protocol as an outcome, where nothing else is known. */
export function endedOutcome(
  stopReason: string,
  { agent, text }: { readonly agent: string; readonly text: string },
): Outcome {
  const fails = (failure: Failure): Outcome => ({ kind: "failed", failure, text })
  switch (stopReason) {
    case "end_turn":
      return { kind: "completed", text }
    case "cancelled":
      return { kind: "stopped", text }
    case "refusal":
      return fails({ class: "refused" })
    case "max_tokens":
      return fails({ class: "unknown", reason: { code: "answer_cut_off" } })
    case "max_turn_requests":
      return fails({ class: "unknown", reason: { code: "step_limit", agent } })
    default:
      // A reason of the future: what was said is the answer all the same.
      if (text.trim() !== "") return { kind: "completed", text }
      return fails({ class: "unknown", reason: { code: "answer_not_understood", agent } })
  }
}

const NothingToChoose = SessionResult.nullish().transform(
  (result): SessionResult => result ?? SessionResult.parse({}),
)

async function requireListed(connection: AcpConnection, { nativeId, profile }: Known): Promise<void> {
  if (!offersList(connection)) return
  if ((await findNative(connection, nativeId)) === null) throw unknownSession(profile)
}

function unknownSession({ label }: AcpProfile, cause?: unknown): ProviderError {
  return failed("bad_request", { code: "session_unknown", agent: label }, cause)
}

function isNotFound(error: unknown): boolean {
  return error instanceof ProviderError && error.cause instanceof RequestError && error.cause.code === -32_002
}

function itemsOnly(sink: EventSink): EventSink {
  return {
    emit: (event) => {
      if (event.kind === "item") sink.emit(event)
    },
    delta: () => undefined,
    closed: () => undefined,
  }
}
