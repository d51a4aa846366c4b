/**
 * The link between runtime and host: newline-delimited JSON over any stream of bytes, one frame a line. Commands are
 * idempotent by id where they change something; events are numbered and kept until acknowledged. A side sends only what
 * the other named in its greeting, and passes over what it does not know.
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

/** Versions of this protocol that this build speaks, newest first. The first knew neither features nor proofs. */
export const HOST_PROTOCOLS = [2, 1] as const

/**
 * What may be sent to a side that names it:
 * - `ping`: it answers pings.
 * - `parts`: it joins frames that come in parts; to others they are sent whole, up to the limit of messages.
 * - `prev`: it looks for gaps in events, or tells events again when told of one.
 */
export const LINK_FEATURES = ["ping", "parts", "prev"] as const
export type LinkFeature = (typeof LINK_FEATURES)[number]

/** Longest line either side sends to one that joins parts, in bytes, without its newline. */
export const MAX_FRAME_BYTES = 512 * 1024
/** Longest frame either side accepts, in parts or not, in bytes. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024

/** A greeting that takes longer, in ms, is none. */
export const GREETING_LIMIT_MS = 5_000

const Features = z.array(z.string()).default([])

/** `mac`: what `platform/link-proof.ts` makes of the nonce, which the runtime draws anew for each greeting. */
const Proof = z.object({ nonce: z.string().max(128), mac: z.string().max(128) })

/** Piece of a frame's JSON. All parts of a frame follow each other, without another frame between. */
export const PartFrame = z.object({ type: z.literal("part"), last: z.boolean(), data: z.string() })

const Ping = z.object({ type: z.literal("ping"), id: z.number().int() })
const Pong = z.object({ type: z.literal("pong"), id: z.number().int() })

/** Longest piece of a file in one frame, in bytes before it is written as base64. */
export const MAX_PIECE_BYTES = 192 * 1024

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
  /**
   * Judges whether a file may leave the machine, and opens it: what is read afterwards is what was judged. It goes by
   * itself from `workspace` and `alsoBelow`; `allowed`: the identity of the file that the owner was asked about, and said
   * may go from wherever it is.
   */
  z.object({
    kind: z.literal("file.stat"),
    path: z.string(),
    workspace: z.string(),
    alsoBelow: z.string(),
    allowed: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("file.read"),
    handle: z.string(),
    offset: z.number().int().nonnegative(),
    length: z.number().int().positive().max(MAX_PIECE_BYTES),
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
    features: Features,
    /** Shows that it may read the data directory. */
    proof: Proof.optional(),
  }),
  /** Read as a `HostCommand` apart: one that the host does not know is answered `unsupported`. */
  z.object({
    type: z.literal("command"),
    id: z.number().int(),
    command: z.looseObject({ kind: z.string() }),
  }),
  /** `rewind`: an event is missing; the host tells again all after `seq`. */
  z.object({
    type: z.literal("ack"),
    seq: z.number().int().nonnegative(),
    rewind: z.boolean().optional(),
  }),
  Ping,
  Pong,
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
  /** `missing`: not there, not readable, or another file by the time it was open. */
  "file.stat": z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("missing") }),
    z.object({ kind: z.literal("no_file") }),
    /** Never sent: the system's, or ours. */
    z.object({ kind: z.literal("refused") }),
    /** Not the file that the owner was asked about, or not as it was. */
    z.object({ kind: z.literal("changed") }),
    z.object({
      kind: z.literal("needs_tap"),
      reason: z.enum(["outside_workspace", "looks_like_credential", "has_other_names"]),
      /** Where it really is. */
      realPath: z.string(),
      size: z.number().int().nonnegative(),
      identity: z.string(),
    }),
    z.object({ kind: z.literal("opened"), handle: z.string(), size: z.number().int().nonnegative() }),
  ]),
  /** Base64. Less than was asked for: it ends there. */
  "file.read": z.object({ data: z.string() }),
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
  /** Number of the event sent before it: numbers skip, so a gap shows only by this. */
  prev: z.number().int().nonnegative().optional(),
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
    features: Features,
    /** Differs for every start of a host. */
    boot: z.string().optional(),
    machine: z.object({ name: z.string(), platform: z.string(), home: z.string() }).optional(),
    /** Version that is on its disk now: another one than `version` once it was upgraded under a host that runs. */
    installed: z.string().optional(),
    /** Of the nonce in the greeting: shows that it may read the data directory, too. */
    proof: z.string().optional(),
  }),
  z.object({
    type: z.literal("refused"),
    reason: z.string(),
    /** `protocol`: none in common. `proof`: it did not show who it is. `taken`: another runtime is connected and lives. */
    code: z.enum(["protocol", "proof", "taken"]).optional().catch(undefined),
  }),
  /** Comes after every event that was journaled before the command was carried out. */
  z.object({ type: z.literal("result"), id: z.number().int(), value: z.unknown() }),
  z.object({
    type: z.literal("error"),
    id: z.number().int(),
    /** `storage`: the host could not record the command, so nothing of it was done; it may be sent again. */
    code: z
      .enum([
        "unknown_provider",
        "unknown_session",
        "provider",
        "invalid",
        "stopping",
        "storage",
        "unsupported",
      ])
      .catch("invalid"),
    message: z.string(),
    /** The same for the owner, where there is more to say than the code. */
    failure: Failure.optional().catch(undefined),
  }),
  z.object({ type: z.literal("event"), ...HostEvent.shape }),
  Ping,
  Pong,
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
