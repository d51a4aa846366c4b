/**
 * What is new, over a WebSocket (`/live` below the API's root), in JSON text frames. Commands go over HTTP (`api.ts`):
 * this only tells. Durable news have a cursor and come without gaps; everything else is state, and what comes later
 * replaces what came before. Both sides ignore types, kinds and fields that they do not know.
 */
import { z } from "zod"
import { Answerer, Closure, Cut, FactRecord, TurnOrigin } from "./facts.ts"
import { Instant, ProviderId, RequestId, SessionId, TurnId } from "./ids.ts"
import { Door } from "./operation.ts"
import { OpenRequest, RuntimeStatus } from "./replies.ts"
import { Item, Notice, PromptFile, TurnState, Usage } from "./session.ts"

export const LIVE_PROTOCOL = 1

/** `overview`: all sessions at a glance; otherwise one of them. */
export const Topic = z.union([
  z.literal("overview"),
  z.templateLiteral(["session:", z.string().regex(/^S\d{3,}$/)]),
])
export type Topic = z.infer<typeof Topic>

const seq = z.number().int().nonnegative()

/** At most 64 KB each and 20 a second; at most 8 topics are watched at once. */
export const FromClient = z.discriminatedUnion("type", [
  /** First, within 5 s. */
  z.object({
    type: z.literal("hello"),
    protocol: z.number().int(),
    /** Of this page or program, as long as it lives. */
    client: z.uuid(),
    build: z.string().max(100),
    surface: z.enum(["web", "mini", "terminal"]),
  }),
  /** `after`: number of the last event that was applied; null begins with the newest page. Again, to begin anew. */
  z.object({ type: z.literal("watch"), topic: Topic, after: seq.nullable() }),
  z.object({ type: z.literal("unwatch"), topic: Topic }),
  /** What the owner looks at: at every change and every 30 s. */
  z.object({ type: z.literal("here"), session: SessionId.nullable(), visible: z.boolean() }),
  /** Number of the last frame that was applied: every 64 KB, at least once a second while frames come. */
  z.object({ type: z.literal("taken"), n: z.number().int().nonnegative() }),
])
export type FromClient = z.infer<typeof FromClient>

export const SessionRow = z.object({
  id: SessionId,
  title: z.string(),
  provider: ProviderId,
  workspace: z.string(),
  archived: z.boolean(),
  pinned: z.boolean(),
  /** Something the owner should see happened, and was not seen. */
  unread: z.boolean(),
  queued: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
  /** The last that was said, by whoever said it. */
  line: z.string(),
  /** When anything last happened. */
  at: Instant,
  lastSeq: seq,
  /** When what waits for a limit or another attempt comes again. */
  until: Instant.optional(),
  mark: z.enum(["waits", "working", "queued", "limit", "failed", "idle"]),
})
export type SessionRow = z.infer<typeof SessionRow>

const TurnInWork = z.object({
  id: TurnId,
  state: TurnState,
  origin: TurnOrigin,
  /** The surface it came from; null for local clients. */
  from: z.string().nullable(),
  /** The beginning of its prompt. */
  text: z.string(),
  files: z.array(PromptFile.pick({ name: true, mediaType: true, size: true })).readonly(),
  /** Why it waits besides its place in the queue, and until when that is known. */
  hold: z
    .object({ kind: z.enum(["confirm", "retry", "limit"]), until: Instant.optional() })
    .nullable()
    .catch(null),
  /** How many attempts were made. */
  attempt: z.number().int().nonnegative(),
  startedAt: Instant.nullable(),
})

export const Channel = z.enum(["message", "reasoning", "output"])

/** What is being written: `text` stands at `at` of the whole, of which only the end may be there. */
export const LiveText = z.object({
  turn: TurnId,
  item: z.string(),
  channel: Channel,
  at: z.number().int().nonnegative(),
  text: z.string(),
})
export type LiveText = z.infer<typeof LiveText>

export const LiveItem = z.object({ turn: TurnId, item: Item })
export type LiveItem = z.infer<typeof LiveItem>

/** Queue and running turn, as they are now. */
export const Work = z.object({
  /** In the order they run. */
  turns: z.array(TurnInWork).readonly(),
  /** Those that run, and are not yet events. */
  items: z.array(LiveItem).readonly(),
  texts: z.array(LiveText).readonly(),
  notice: Notice.nullable().catch(null),
  usage: Usage.nullable(),
})
export type Work = z.infer<typeof Work>

/** What an agent waits for. `cut`: strings too long to be told along; `request.list` has them whole. */
export const ToldRequest = OpenRequest.extend({ cut: z.array(Cut).readonly().optional() })
export type ToldRequest = z.infer<typeof ToldRequest>

export const WorkStatus = RuntimeStatus.pick({
  ...{ host: true, sessions: true, queuedTurns: true, openRequests: true },
})

const session = SessionId

/** `n` numbers the frames of one connection, from 1. */
const n = z.number().int().positive()

export const FromServer = z.discriminatedUnion("type", [
  z.object({
    n,
    type: z.literal("welcome"),
    protocol: z.number().int(),
    /** Cursors of another ledger are worth nothing here. */
    ledger: z.string(),
    /** Of this runtime process. */
    run: z.string(),
    build: z.string(),
    now: Instant,
    you: z.object({
      device: z.string().nullable(),
      door: Door,
      expiresAt: Instant.nullable(),
      stepUpUntil: Instant.nullable(),
    }),
  }),
  /** Replaces all that was known. `more`: there are older sessions. */
  z.object({
    n,
    type: z.literal("overview"),
    rows: z.array(SessionRow).readonly(),
    more: z.boolean(),
    requests: z.array(ToldRequest).readonly(),
    status: WorkStatus,
  }),
  z.object({ n, type: z.literal("row"), row: SessionRow }),
  z.object({ n, type: z.literal("gone"), session }),
  z.object({ n, type: z.literal("status"), status: WorkStatus }),
  z.object({ n, type: z.literal("request"), request: ToldRequest }),
  z.object({
    n,
    type: z.literal("settled"),
    request: RequestId,
    session,
    why: Closure,
    by: Answerer.nullable(),
  }),
  /**
   * Answers `watch`. `ok`: the events follow the cursor that was given. `gap`: they are the newest, and what came
   * between is read over HTTP. `after`: the number before the first of them. What is open is told in full after it.
   */
  z.object({
    n,
    type: z.literal("page"),
    session,
    resume: z.enum(["ok", "gap"]),
    after: seq,
    events: z.array(FactRecord).readonly(),
    last: seq,
    work: Work,
  }),
  /** Follow the last ones without a gap. */
  z.object({ n, type: z.literal("events"), session, events: z.array(FactRecord).min(1).readonly() }),
  z.object({ n, type: z.literal("work"), session, work: Work }),
  /** One that runs; with its end it becomes an event. */
  z.object({ n, type: z.literal("item"), session, ...LiveItem.shape }),
  /** Append at `at`; 0 starts over. */
  z.object({ n, type: z.literal("text"), session, ...LiveText.shape }),
  /** Too much was on the way: the topic is no longer watched. Watch it again, with the cursor. */
  z.object({ n, type: z.literal("lag"), topic: Topic }),
  z.object({
    n,
    type: z.literal("fault"),
    code: z.string(),
    message: z.string(),
    topic: Topic.optional(),
  }),
  /** The end of the connection. */
  z.object({ n, type: z.literal("bye"), reason: z.enum(["stopping", "revoked", "too_slow", "protocol"]) }),
])
export type FromServer = z.infer<typeof FromServer>
export type ServerFrame<T extends FromServer["type"]> = Extract<FromServer, { type: T }>

/** Null: of a type that this reader does not know, or not of the promised form. */
export function readFrame(text: string): FromServer | null {
  const parsed = FromServer.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
