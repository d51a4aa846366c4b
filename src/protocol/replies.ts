/** What the runtime answers about itself, its sessions, their turns and what they wait for. */
import { z } from "zod"
import { FactRecord, TurnOrigin } from "./facts.ts"
import { Instant, ProviderId, RequestId, SessionId, TurnId } from "./ids.ts"
import { Prompt, ProviderStatus, RequestBody, Settings, TurnState, Usage } from "./session.ts"

// ── the program ──────────────────────────────────────────────────────────────────────────────────────────────────

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
    state: z.enum(["not_started", "connected", "disconnected", "silent"]),
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

export const ProvidersReply = z.object({ providers: z.array(ProviderStatus).readonly() })
export type ProvidersReply = z.infer<typeof ProvidersReply>

// ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

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
export const SessionsReply = z.object({
  sessions: z.array(SessionSummary).readonly(),
  /** `before` of the next window; null when there are no more. */
  next: z.string().nullable(),
})
export type SessionsReply = z.infer<typeof SessionsReply>

export const SessionDetail = SessionSummary.extend({
  /** What the owner chose. */
  settings: Settings,
  /** The provider's own id of it, and what the provider says it works with; null before the first turn. */
  provided: z.object({ nativeId: z.string(), settings: Settings }).nullable(),
})
export type SessionDetail = z.infer<typeof SessionDetail>

/** At most 500 facts and 128 KB, in the order they happened. Long strings are cut: `cut` names them. */
export const EventPage = z.object({
  events: z.array(FactRecord).readonly(),
  /** Whether there are more beyond the page, in the direction that was asked. */
  hasMore: z.boolean(),
  /** Number of the session's newest event. */
  last: z.number().int().nonnegative(),
  /** Up to this number events may have been cleared away. */
  floor: z.number().int().nonnegative(),
})
export type EventPage = z.infer<typeof EventPage>

// ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const TurnReceipt = z.object({
  turn: TurnId,
  session: SessionId,
  state: TurnState,
  /** How many turns run or wait before it. */
  ahead: z.number().int().nonnegative(),
})
export type TurnReceipt = z.infer<typeof TurnReceipt>

export const TurnDetail = TurnReceipt.extend({
  origin: TurnOrigin,
  prompt: Prompt,
  attempts: z.number().int().nonnegative(),
  usage: Usage.nullable(),
  createdAt: Instant,
  startedAt: Instant.nullable(),
  endedAt: Instant.nullable(),
})
export type TurnDetail = z.infer<typeof TurnDetail>

export const StopReceipt = z.object({
  /** The turn being stopped; null when none was running. */
  turn: TurnId.nullable(),
  /** Waiting turns that were taken back with it. */
  dropped: z.array(TurnId).readonly(),
  /** Turns that still wait and run next. */
  queued: z.number().int().nonnegative(),
})
export type StopReceipt = z.infer<typeof StopReceipt>

// ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Given back as `chosen`, it does what its label says, in the session that it was offered in. */
export const CommandChoice = z.object({
  label: z.string(),
  command: z.string(),
  /** `confirmed`: only a human may choose it, who has just read what it means. */
  verb: z.enum(["run", "confirmed"]),
  args: z.record(z.string(), z.unknown()),
})
export type CommandChoice = z.infer<typeof CommandChoice>

export const CommandAnswer = z.object({ text: z.string(), choices: z.array(CommandChoice).readonly() })
export type CommandAnswer = z.infer<typeof CommandAnswer>

export const CommandReply = z.object({
  /** For the owner, in order. */
  answers: z.array(CommandAnswer).readonly(),
  /** The session that the command was to show; null where it stays the same. */
  shows: SessionId.nullable(),
})
export type CommandReply = z.infer<typeof CommandReply>

// ── what agents wait for ─────────────────────────────────────────────────────────────────────────────────────────

export const OpenRequest = z.object({
  id: RequestId,
  session: SessionId,
  turn: TurnId,
  version: z.number().int(),
  at: Instant,
  body: RequestBody,
  /** How much harm an approval could do, worst reason first; null where nothing speaks against it. */
  risk: z
    .object({ level: z.enum(["low", "medium", "high"]), reasons: z.array(z.string()).readonly() })
    .nullable(),
})
export type OpenRequest = z.infer<typeof OpenRequest>

export const RequestsReply = z.object({ requests: z.array(OpenRequest).readonly() })
export type RequestsReply = z.infer<typeof RequestsReply>

/** `already`: somebody was first; `gone`: the provider no longer waits; `stale`: the request changed since. */
export const AnswerReceipt = z.object({
  outcome: z.enum(["answered", "already", "gone", "stale"]),
  by: z.string().optional(),
})
export type AnswerReceipt = z.infer<typeof AnswerReceipt>

// ── the way of a message ─────────────────────────────────────────────────────────────────────────────────────────

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
