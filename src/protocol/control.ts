/**
 * The runtime's local socket: HTTP with JSON bodies over `DATA_DIR/runtime.sock` (mode 0600; being able to open it is
 * the authorisation). Every answer that is not 2xx carries a `ControlError`.
 */
import { z } from "zod"
import { FactRecord } from "./facts.ts"
import { Instant, ProviderId, SessionId, TurnId } from "./ids.ts"
import { Answer, ProviderStatus, TurnState } from "./session.ts"

export const ControlError = z.object({
  error: z.object({
    /**
     * `invalid` 400, `not_found` 404, `conflict` 409, `unavailable` 503, `storage` 503 (the ledger's disk did not take
     * it: nothing of it was kept, and it may be sent again), `internal` 500.
     */
    code: z.enum(["invalid", "not_found", "conflict", "unavailable", "storage", "internal"]),
    /** For the owner, in the configured language. */
    message: z.string(),
    /** Where the detail is in the log. */
    logId: z.string().optional(),
  }),
})
export type ControlError = z.infer<typeof ControlError>

// ── GET /v1/status ───────────────────────────────────────────────────────────────────────────────────────────────

export const BotStatus = z.object({
  id: z.number().int(),
  username: z.string().nullable(),
  state: z.enum(["starting", "ok", "revoked", "conflict", "unreachable"]),
  detail: z.string().optional(),
})
export type BotStatus = z.infer<typeof BotStatus>

export const RuntimeStatus = z.object({
  version: z.string(),
  pid: z.number().int(),
  startedAt: Instant,
  dataDir: z.string(),
  /** Address of the local web page, without any secret; null when it is off. */
  localUi: z.string().nullable(),
  telegram: z.object({
    state: z.enum(["off", "on"]),
    /** Why it is off, for the owner. */
    reason: z.string().optional(),
    bots: z.array(BotStatus).readonly(),
  }),
  host: z.object({
    state: z.enum(["not_started", "connected", "disconnected"]),
    pid: z.number().int().optional(),
  }),
  sessions: z.object({ open: z.number().int(), working: z.number().int() }),
  queuedTurns: z.number().int(),
  openRequests: z.number().int(),
  /** Rows owed to a chat and not yet delivered. */
  undelivered: z.number().int(),
  /** What the configuration said at the start. */
  problems: z
    .array(
      z.object({
        severity: z.enum(["fatal", "degraded", "warning"]),
        key: z.string(),
        what: z.string(),
        remedy: z.string(),
      }),
    )
    .readonly(),
})
export type RuntimeStatus = z.infer<typeof RuntimeStatus>

// ── GET /v1/providers: probes them all, starting the host when needed ────────────────────────────────────────────

export const ProvidersReply = z.object({ providers: z.array(ProviderStatus).readonly() })
export type ProvidersReply = z.infer<typeof ProvidersReply>

// ── POST /v1/sessions → SessionSummary, GET /v1/sessions?archived=1 → SessionsReply ──────────────────────────────

export const NewSession = z.object({
  /** Absent: the saved default, else the configured one, else the first that is ready. */
  provider: ProviderId.optional(),
  /** An existing directory; absent: a new managed workspace. */
  workspace: z.string().optional(),
})
export type NewSession = z.infer<typeof NewSession>

export const SessionSummary = z.object({
  id: SessionId,
  title: z.string(),
  provider: ProviderId,
  workspace: z.string(),
  workspaceKind: z.enum(["managed", "external"]),
  state: z.enum(["open", "archived"]),
  /** State of the turn that has the floor; null when nothing runs or waits. */
  turn: TurnState.nullable(),
  queued: z.number().int(),
  openRequests: z.number().int(),
  createdAt: Instant,
  updatedAt: Instant,
  /** Number of the newest event: `after` of a reader that only wants what comes. */
  lastSeq: z.number().int().nonnegative(),
})
export type SessionSummary = z.infer<typeof SessionSummary>

/** Newest first. */
export const SessionsReply = z.object({ sessions: z.array(SessionSummary).readonly() })
export type SessionsReply = z.infer<typeof SessionsReply>

// ── POST /v1/sessions/:id/prompts ────────────────────────────────────────────────────────────────────────────────

export const NewPrompt = z.object({
  /** Chosen by the client and unique; the same one again answers with the turn that it made and starts nothing. */
  clientId: z.string().min(1).max(200),
  text: z.string().min(1),
})
export type NewPrompt = z.infer<typeof NewPrompt>

export const PromptReceipt = z.object({
  turn: TurnId,
  session: SessionId,
  state: TurnState,
  /** How many turns run or wait before it. */
  ahead: z.number().int().nonnegative(),
  /** The client id was known. */
  repeated: z.boolean(),
})
export type PromptReceipt = z.infer<typeof PromptReceipt>

// ── GET /v1/sessions/:id/events?after=seq&wait=ms&live=revision ──────────────────────────────────────────────────

/** The whole text so far of an item that is still running. */
export const LiveText = z.object({
  turn: TurnId,
  item: z.string(),
  channel: z.enum(["message", "reasoning", "output"]),
  text: z.string(),
})
export type LiveText = z.infer<typeof LiveText>

/**
 * Answers at once when there are events after `after` (at most 500) or live text newer than `live`, else as soon as
 * there are, at the latest after `wait` ms (at most 60,000).
 */
export const EventsQuery = z.object({
  after: z.coerce.number().int().nonnegative().default(0),
  wait: z.coerce.number().int().min(0).max(60_000).default(0),
  live: z.coerce.number().int().nonnegative().optional(),
})
export type EventsQuery = z.infer<typeof EventsQuery>

export const EventsReply = z.object({
  events: z.array(FactRecord).readonly(),
  /** Ask on with `after=next`. */
  next: z.number().int().nonnegative(),
  /** Only when `live` was given. */
  live: z
    .object({ revision: z.number().int().nonnegative(), texts: z.array(LiveText).readonly() })
    .optional(),
})
export type EventsReply = z.infer<typeof EventsReply>

// ── POST /v1/requests/:id/answer ─────────────────────────────────────────────────────────────────────────────────

export const NewAnswer = z.object({ version: z.number().int(), answer: Answer })
export type NewAnswer = z.infer<typeof NewAnswer>

/** `already`: somebody was first; `gone`: the provider no longer waits; `stale`: the request changed since. */
export const AnswerReceipt = z.object({
  outcome: z.enum(["answered", "already", "gone", "stale"]),
  by: z.string().optional(),
})
export type AnswerReceipt = z.infer<typeof AnswerReceipt>

// ── POST /v1/sessions/:id/stop ───────────────────────────────────────────────────────────────────────────────────

export const StopTurnReceipt = z.object({
  /** The turn being stopped; null when none was running. */
  turn: TurnId.nullable(),
  /** Turns that still wait and run next. */
  queued: z.number().int().nonnegative(),
})
export type StopTurnReceipt = z.infer<typeof StopTurnReceipt>

// ── GET /v1/trace/:message ───────────────────────────────────────────────────────────────────────────────────────

/**
 * `:message` is a turn id, an attempt id, a client id, a request id, or a Telegram message as `<chat>/<message>` (with
 * `<bot>:` before it where several bots share a chat's id, or as its t.me link), URL-encoded. Steps are in the order
 * they happened.
 */
export const TraceReply = z.object({
  session: SessionId,
  turn: TurnId,
  steps: z
    .array(
      z.object({
        at: Instant,
        step: z.enum([
          "received",
          "queued",
          "dispatched",
          "accepted",
          "requested",
          "answered",
          "held",
          "ended",
          "owed",
          "delivered",
          "undeliverable",
          "note",
        ]),
        detail: z.string(),
        /** Identifiers of this step: update, attempt, provider turn, message … */
        ids: z.record(z.string(), z.string()).optional(),
      }),
    )
    .readonly(),
})
export type TraceReply = z.infer<typeof TraceReply>

// ── POST /v1/stop ────────────────────────────────────────────────────────────────────────────────────────────────

/** `agents`: also ends the host and whatever works in it; otherwise agents work on and are found again. */
export const StopRuntime = z.object({ agents: z.boolean().default(false) })
export type StopRuntime = z.infer<typeof StopRuntime>

export const StopRuntimeReceipt = z.object({ pid: z.number().int() })
export type StopRuntimeReceipt = z.infer<typeof StopRuntimeReceipt>
