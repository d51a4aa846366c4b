/** What the rest of the runtime sees of the host: commands, events and the end of the connection. */
import type { HostCommand, HostEvent, HostFrame, HostResult, LinkFeature } from "../../protocol/host-link.ts"
import type { Failure } from "../../protocol/session.ts"
import type { Odd } from "./incoming.ts"

export interface HostLink {
  /** Identity of the host's journal; events are numbered within it. */
  readonly journal: string
  /** The host's own version and process. */
  readonly version: string
  readonly pid: number
  /** What the host named: an older one knows less. */
  readonly features: ReadonlySet<LinkFeature>
  /** Differs for every start of a host; an older one does not say it. */
  readonly boot?: string
  readonly machine?: { readonly name: string; readonly platform: string; readonly home: string }
  /**
   * Resolves with what the host answered.
   * @throws HostLinkError with the host's code, `late` when a question was not answered in its time (`patience.ts`), or
   * `closed` or `silent` when the connection ended first: whether the command was
   * carried out is then unknown, and sending it again over the next link is safe.
   */
  command<C extends HostCommand>(command: C): Promise<HostResult<C["kind"]>>
  /** Every event up to and including `seq` is committed here; the host forgets them. */
  ack(seq: number): void
  /** Ends the connection; the host and its agents go on. Idempotent. */
  close(): void
  /** Resolves once, with a plain reason, when the connection is gone. Never rejects. */
  readonly closed: Promise<string>
}

/** Text of a running item; see the `live` frame. */
export type LiveText = Omit<Extract<HostFrame, { type: "live" }>, "type">

export interface HostLinkHandlers {
  /**
   * Called for every event in order. Numbers rise but may skip: superseded states of an item are left out. Never
   * before the promise of the link has resolved.
   */
  onEvent(event: HostEvent): void
  onLive(live: LiveText): void
  /** What is not known here: to be kept in the log, and an event's number to be acknowledged like that of the others. */
  onOdd?(odd: Odd): void
  /** Called once when the connection is gone, with the reason that `closed` resolves to. */
  onDown?(reason: string): void
}

export type HostLinkErrorCode =
  | Extract<HostFrame, { type: "error" }>["code"]
  /** The host speaks no version of the link that we speak; its reason is the message. */
  | "refused"
  /** Another runtime is connected to the host, and lives. */
  | "taken"
  /** Somebody listens and does not greet, or says nothing any more. */
  | "silent"
  /** The host lives and has not answered this in time. */
  | "late"
  /** Nobody listens on the socket. */
  | "unreachable"
  /** The connection ended before the answer came. */
  | "closed"
  /** The host's answer is not of the promised form. */
  | "malformed"
  /** The host could not be started; the message says why. */
  | "not_started"

export class HostLinkError extends Error {
  override readonly name = "HostLinkError"
  readonly code: HostLinkErrorCode
  /** For the owner, where it is more than the code; the message is for the log. */
  readonly failure: Failure | null

  constructor(
    code: HostLinkErrorCode,
    message: string,
    options?: { cause?: unknown; failure?: Failure | undefined },
  ) {
    super(message, options)
    this.code = code
    this.failure = options?.failure ?? null
  }
}
