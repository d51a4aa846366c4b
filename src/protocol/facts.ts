/**
 * What happened, in one vocabulary: the same facts are appended to the ledger, told to surfaces and read by clients.
 * Together they say everything, so a reader who has only them can show a session as it was.
 */
import { z } from "zod"
import { AttemptId, Instant, ProviderId, RequestId, SessionId, TurnId } from "./ids.ts"
import {
  Answer,
  Failure,
  Item,
  Limit,
  Notice,
  Outcome,
  Prompt,
  PromptFile,
  ProviderStatus,
  RequestBody,
  Settings,
  Usage,
} from "./session.ts"

/** A history of its own, numbered from 1 without gaps: that of a session, or of the machine as a whole. */
export const Stream = z.union([SessionId, z.literal("machine")])
export type Stream = z.infer<typeof Stream>

export const TurnOrigin = z.enum(["owner", "provider", "schedule"])
export type TurnOrigin = z.infer<typeof TurnOrigin>

/** Made by an attempt that failed and comes again. */
export const AttemptHold = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("retry"),
    until: Instant,
    /** The attempt that comes next, and how many there will be at most. */
    attempt: z.number().int(),
    of: z.number().int(),
    failure: Failure,
  }),
  z.object({ kind: z.literal("limit"), until: Instant, failure: Failure }),
])
export type AttemptHold = z.infer<typeof AttemptHold>

/** Who answered, in words a surface can show. */
export const Answerer = z.object({ surface: z.string(), detail: z.string() })
export type Answerer = z.infer<typeof Answerer>

/**
 * Why an agent does not wait any more. `answered`: it has an answer; `elsewhere`: given in the agent itself, by whoever
 * sits at it; `stopped`, `ended`: its turn is over; `restarted`: its process ended, and what it asked went with it;
 * `withdrawn`: it took the question back.
 */
export const Closure = z.enum(["answered", "elsewhere", "stopped", "ended", "restarted", "withdrawn"])
export type Closure = z.infer<typeof Closure>

const request = RequestId
/** A place a session is shown at; the address means something only to its surface. */
const place = { surface: z.string(), address: z.string() }

export const Fact = z.discriminatedUnion("kind", [
  // ── a prompt and its place in the queue ────────────────────────────────────────────────────────────────────────
  z.object({
    kind: z.literal("turn.queued"),
    origin: TurnOrigin,
    prompt: Prompt,
    /** The surface whose channel it came through; null for local clients. */
    from: z.string().nullable(),
    /** The client's own id of it. */
    clientId: z.string().nullable(),
    /** It waits for the owner's word: it was sent at `sentAt`, while nobody was here to take it. */
    hold: z.object({ kind: z.literal("confirm"), sentAt: Instant }).nullable(),
    /** The turn that has the floor before it; null when it can run at once. */
    behind: TurnId.nullable(),
  }),
  z.object({ kind: z.literal("turn.edited"), prompt: Prompt }),
  /** It runs next, whatever held it back; `before`: the waiting turn that was first until then. */
  z.object({ kind: z.literal("turn.moved"), before: TurnId.nullable() }),
  /** What held it back was lifted. */
  z.object({ kind: z.literal("turn.released") }),
  /** Ends a turn: taken back before an agent began with it. `held`: what it had still waited for. */
  z.object({
    kind: z.literal("turn.dropped"),
    held: z.enum(["confirm", "steer", "retry", "limit"]).nullable(),
  }),

  // ── a turn at work ─────────────────────────────────────────────────────────────────────────────────────────────
  /** The agent has it. One that an agent began by itself was never queued: its origin is `provider`. */
  z.object({
    kind: z.literal("turn.started"),
    origin: TurnOrigin,
    /** Which attempt this is, from 1. */
    attempts: z.number().int().positive(),
    /** Why an agent began by itself, in its own words. */
    reason: z.string().optional(),
  }),
  /** An attempt failed: the turn is back in the queue, first, and comes again. */
  z.object({ kind: z.literal("turn.held"), hold: AttemptHold }),
  /** It is being passed on into the running turn `into`. */
  z.object({ kind: z.literal("turn.steering"), into: TurnId }),
  /** Ends a turn: it became part of the running turn `into`, as far as that is still known. */
  z.object({ kind: z.literal("turn.steered"), into: TurnId.nullable() }),
  /** The running turn could not take it: it waits in the queue, first. */
  z.object({ kind: z.literal("turn.steer_failed"), why: z.enum(["too_late", "unsupported"]) }),
  z.object({ kind: z.literal("turn.stop_requested") }),
  /** Ends a turn. */
  z.object({ kind: z.literal("turn.ended"), outcome: Outcome }),
  /**
   * Final states, and every state of a plan; a later one with the same id replaces an earlier one. `startedAt`: when
   * the runtime first heard of it.
   */
  z.object({ kind: z.literal("item"), item: Item, startedAt: Instant.optional() }),
  z.object({ kind: z.literal("notice"), notice: Notice }),
  /** What an attempt has used, when it ends. */
  z.object({ kind: z.literal("usage"), usage: Usage }),
  /** A file of the session was sent to the owner. */
  z.object({ kind: z.literal("file.sent"), file: PromptFile.omit({ mediaType: true }), to: z.object(place) }),

  // ── what an agent waits for ────────────────────────────────────────────────────────────────────────────────────
  z.object({ kind: z.literal("request.opened"), request, version: z.number().int(), body: RequestBody }),
  /** By the owner, here. Null: nothing of the answer may be shown; secrets in it are masked. */
  z.object({ kind: z.literal("request.answered"), request, by: Answerer, answer: Answer.nullable() }),
  /** Nobody waits any more, without an answer from here. A later one of the same request knows better why. */
  z.object({ kind: z.literal("request.closed"), request, why: Closure }),
  /** It was answered here, but the agent had been told otherwise before that reached it. */
  z.object({ kind: z.literal("request.overtaken"), request, why: Closure }),
  /** It was answered here, but the agent did not wait for it any more: the answer changed nothing. */
  z.object({ kind: z.literal("request.missed"), request, why: Closure }),

  // ── a session as a whole ───────────────────────────────────────────────────────────────────────────────────────
  z.object({
    kind: z.literal("session.created"),
    provider: ProviderId,
    workspace: z.string(),
    workspaceKind: z.enum(["managed", "external"]),
    /** Empty until its first prompt names it. */
    title: z.string(),
    settings: Settings,
    /** The provider's own session that it continues; null for a fresh one. */
    nativeId: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("session.renamed"),
    title: z.string(),
    by: z.enum(["runtime", "provider", "owner"]),
  }),
  /** What the owner chose. */
  z.object({ kind: z.literal("session.configured"), settings: Settings }),
  /** What the provider says it really works with. */
  z.object({ kind: z.literal("session.reported"), nativeId: z.string(), settings: Settings }),
  z.object({ kind: z.literal("session.bound"), ...place }),
  z.object({ kind: z.literal("session.unbound"), ...place }),
  z.object({ kind: z.literal("session.archived") }),
  z.object({ kind: z.literal("session.reopened") }),

  // ── the machine ────────────────────────────────────────────────────────────────────────────────────────────────
  z.object({
    kind: z.literal("bot.changed"),
    bot: z.number().int(),
    username: z.string(),
    state: z.enum(["ok", "revoked", "conflict", "unreachable"]),
    detail: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("provider.changed"),
    ...ProviderStatus.pick({ provider: true, label: true, state: true, version: true, failure: true }).shape,
  }),
  z.object({ kind: z.literal("limits.changed"), provider: ProviderId, limits: z.array(Limit).readonly() }),
  z.object({ kind: z.literal("setting.changed"), key: z.string(), value: z.json() }),
])
export type Fact = z.infer<typeof Fact>
export type FactKind = Fact["kind"]
export type FactOf<K extends FactKind> = Extract<Fact, { kind: K }>

/** A string of a fact that is too long to be read along: its beginning and end are there, the whole is read apart. */
export const Cut = z.object({
  /** Where it stands, as in `item.output` or `item.changes.0.diff`. */
  path: z.string(),
  /** Length of the whole in UTF-16 units. */
  length: z.number().int().positive(),
})
export type Cut = z.infer<typeof Cut>

const envelope = {
  stream: Stream,
  seq: z.number().int().positive(),
  /** The turn it belongs to; null for facts of a session or the machine as a whole. */
  turn: TurnId.nullable(),
  /** The attempt whose work it is. */
  attempt: AttemptId.nullable(),
  /** When it happened, by the clock of the machine where it did. */
  at: Instant,
  /** When the runtime recorded it. */
  recordedAt: Instant,
  cut: z.array(Cut).readonly().optional(),
}

/** Null stands for a fact of a kind that this reader does not know yet: it is counted and passed over. */
export const FactRecord = z.object({ ...envelope, fact: Fact.nullable().catch(null) })
export type FactRecord = z.infer<typeof FactRecord>

/** As the ledger itself has it. */
export type RecordedFact = FactRecord & { readonly fact: Fact }

export function isKnown(record: FactRecord): record is RecordedFact {
  return record.fact !== null
}

/** Whether the turn is over with it; of every turn there is exactly one such fact. */
export function endsTurn(fact: Fact): fact is FactOf<"turn.ended" | "turn.dropped" | "turn.steered"> {
  return fact.kind === "turn.ended" || fact.kind === "turn.dropped" || fact.kind === "turn.steered"
}
