/**
 * The link between runtime and host: newline-delimited JSON over a socket, one frame a line, at most 8 MiB.
 * Commands are idempotent by id where they change something; events are numbered and kept until acknowledged.
 */
import { z } from "zod"
import { AttemptId, Instant, ProviderId, RequestId, SessionId } from "./ids.ts"
import {
  Answer,
  Failure,
  Model,
  NativeSession,
  Prompt,
  ProviderEvent,
  ProviderStatus,
  SessionSpec,
  Settings,
} from "./session.ts"

/** Versions of this protocol that this build speaks, newest first. */
export const HOST_PROTOCOLS = [1] as const

/** Longest frame either side sends or accepts, in bytes, without its newline. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024

// ── runtime → host ───────────────────────────────────────────────────────────────────────────────────────────────

/**
 * `turn.start` is recorded before anything happens; a repeated attempt id answers with what became of it and starts
 * nothing. `recoverOnly`: if the host does not know the attempt (its journal was lost), it must ask the provider's
 * transcript first and start it only when it was certainly not consumed.
 */
export const HostCommand = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("turn.start"),
    attempt: AttemptId,
    spec: SessionSpec,
    prompt: Prompt,
    recoverOnly: z.boolean(),
  }),
  z.object({
    kind: z.literal("turn.steer"),
    session: SessionId,
    attempt: AttemptId,
    steerId: z.string(),
    prompt: Prompt,
  }),
  z.object({ kind: z.literal("turn.interrupt"), session: SessionId, attempt: AttemptId }),
  z.object({ kind: z.literal("request.answer"), session: SessionId, request: RequestId, answer: Answer }),
  z.object({ kind: z.literal("session.configure"), session: SessionId, settings: Settings }),
  z.object({ kind: z.literal("session.close"), session: SessionId }),
  z.object({ kind: z.literal("provider.list") }),
  z.object({ kind: z.literal("provider.probe"), provider: ProviderId }),
  z.object({ kind: z.literal("provider.models"), provider: ProviderId }),
  z.object({
    kind: z.literal("provider.native"),
    provider: ProviderId,
    limit: z.number().int().positive(),
    nativeId: z.string().optional(),
    workspace: z.string().optional(),
  }),
  /** Leave as soon as nothing lives here. */
  z.object({ kind: z.literal("host.retire") }),
  /** Stop every agent and leave now. */
  z.object({ kind: z.literal("host.stop") }),
])
export type HostCommand = z.infer<typeof HostCommand>

export const RuntimeFrame = z.discriminatedUnion("type", [
  /** `acked`: the last event committed from the journal `journal`; 0 and null when none. */
  z.object({
    type: z.literal("hello"),
    protocols: z.array(z.number().int()).min(1),
    version: z.string(),
    journal: z.string().nullable(),
    acked: z.number().int().nonnegative(),
  }),
  z.object({ type: z.literal("command"), id: z.number().int(), command: HostCommand }),
  z.object({ type: z.literal("ack"), seq: z.number().int().positive() }),
])
export type RuntimeFrame = z.infer<typeof RuntimeFrame>

// ── host → runtime ───────────────────────────────────────────────────────────────────────────────────────────────

/** State of an attempt in the host's journal. */
export const AttemptState = z.enum(["recorded", "handing_over", "accepted", "ended"])
export type AttemptState = z.infer<typeof AttemptState>

/** What each command resolves to, by kind. */
export const hostResults = {
  "turn.start": z.object({ state: AttemptState }),
  /** `unknown`: a host died while it handed this over, so whether the agent took it cannot be told. */
  "turn.steer": z.object({ outcome: z.enum(["steered", "too_late", "unsupported", "unknown"]) }),
  "turn.interrupt": z.object({ interrupted: z.boolean() }),
  "request.answer": z.object({ outcome: z.enum(["answered", "gone"]) }),
  "session.configure": z.object({}),
  "session.close": z.object({}),
  "provider.list": z.object({ providers: z.array(z.object({ id: ProviderId, label: z.string() })) }),
  "provider.probe": z.object({ status: ProviderStatus }),
  "provider.models": z.object({ models: z.array(Model) }),
  "provider.native": z.object({ sessions: z.array(NativeSession) }),
  "host.retire": z.object({}),
  "host.stop": z.object({}),
} as const satisfies Record<HostCommand["kind"], z.ZodType>
export type HostResult<K extends HostCommand["kind"]> = z.infer<(typeof hostResults)[K]>

/**
 * One journaled event. `seq` rises within a journal and is never used twice, but may skip: superseded states of an
 * item are left out, and every start of the host skips ahead.
 */
export const HostEvent = z.object({
  seq: z.number().int().positive(),
  at: Instant,
  session: SessionId,
  event: ProviderEvent,
})
export type HostEvent = z.infer<typeof HostEvent>

export const HostFrame = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    protocol: z.number().int(),
    version: z.string(),
    pid: z.number().int(),
    /** Identity of the journal; another one means that earlier sequence numbers mean nothing. */
    journal: z.string(),
  }),
  z.object({ type: z.literal("refused"), reason: z.string() }),
  /** Comes after every event that was journaled before the command was carried out. */
  z.object({ type: z.literal("result"), id: z.number().int(), value: z.unknown() }),
  z.object({
    type: z.literal("error"),
    id: z.number().int(),
    /** `storage`: the host could not record the command, so nothing of it was done; it may be sent again. */
    code: z.enum(["unknown_provider", "unknown_session", "provider", "invalid", "stopping", "storage"]),
    message: z.string(),
    /** The same for the owner, where there is more to say than the code. */
    failure: Failure.optional(),
  }),
  z.object({ type: z.literal("event"), ...HostEvent.shape }),
  /**
   * Text of a running item so far: append `text` at `offset` (in UTF-16 units); offset 0 starts over. Sent only as
   * fast as the reader takes it, so several deltas may arrive as one.
   */
  z.object({
    type: z.literal("live"),
    session: SessionId,
    attempt: AttemptId,
    item: z.string(),
    channel: z.enum(["message", "reasoning", "output"]),
    offset: z.number().int().nonnegative(),
    text: z.string(),
  }),
])
export type HostFrame = z.infer<typeof HostFrame>
