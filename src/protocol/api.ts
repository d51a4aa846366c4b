/**
 * Everything that can be asked of the runtime, in one table: mounted below `/v1` on its socket and below `/api/v1` on
 * the page's ports. A field of the input that the path names stands there; the others are the query of a GET and the
 * JSON body of everything else. Every answer that is not 2xx is an `ApiError`.
 */
import { z } from "zod"
import { FactRecord } from "./facts.ts"
import { ProviderId, RequestId, SessionId, TurnId } from "./ids.ts"
import { effect, type Operation, query, signal } from "./operation.ts"
import {
  AnswerReceipt,
  CommandChoice,
  CommandReply,
  EventPage,
  ProvidersReply,
  RequestsReply,
  RuntimeStatus,
  SessionDetail,
  SessionSummary,
  SessionsReply,
  StopReceipt,
  TraceReply,
  TurnDetail,
  TurnReceipt,
} from "./replies.ts"
import { Answer, Settings } from "./session.ts"

const MEGABYTE = 1024 * 1024
/** Half of what the host takes in one frame: a prompt must still fit when it is quoted. */
const PROMPT_LIMIT = 4 * MEGABYTE
const ANSWER_LIMIT = 256 * 1024

const nothing = z.object({})
const session = SessionId
const turn = TurnId
const words = z.string().trim().min(1)
const seq = z.number().int().nonnegative()

export const api = {
  // ── the program ────────────────────────────────────────────────────────────────────────────────────────────────
  "status.read": query({
    ...{ path: "/status", input: nothing, reply: RuntimeStatus },
    summary: "How the runtime is",
  }),
  "providers.read": query({
    ...{ path: "/providers", input: nothing, reply: ProvidersReply },
    summary: "How each agent is; asks them, and starts the host when needed",
  }),
  "runtime.stop": signal({
    ...{ path: "/stop", doors: ["machine"], reply: z.object({ pid: z.number().int() }) },
    // Otherwise agents work on and are found again.
    input: z.object({ agents: z.boolean().default(false) }),
    summary: "End the runtime; with `agents`, also the host and whatever works in it",
  }),
  "trace.read": query({
    ...{ path: "/trace/:message", input: z.object({ message: z.string().max(500) }), reply: TraceReply },
    summary: "Everything that happened to a message: `message` is whatever it is called by",
  }),

  // ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────
  "session.list": query({
    ...{ path: "/sessions", reply: SessionsReply },
    input: z.object({
      archived: z.boolean().default(false),
      /** `next` of the window before. */
      before: z.string().max(40).optional(),
      limit: z.number().int().min(1).max(200).default(60),
    }),
    summary: "A window of the sessions, newest first; with `archived`, also those",
  }),
  "session.create": effect({
    ...{ method: "POST", path: "/sessions", reply: SessionSummary },
    input: z.object({
      /** Absent: the saved default, else the configured one, else the first that is ready. */
      provider: ProviderId.optional(),
      /** An existing directory; absent: a new managed workspace. */
      workspace: z.string().max(4096).optional(),
    }),
    summary: "Begin a session",
  }),
  "session.read": query({
    ...{ path: "/sessions/:session", input: z.object({ session }), reply: SessionDetail },
    summary: "One session",
  }),
  "session.change": effect({
    ...{ method: "PATCH", path: "/sessions/:session", reply: SessionDetail },
    input: z.object({
      session,
      title: words.max(200).optional(),
      archived: z.boolean().optional(),
      /** Null returns to the agent's own default; what is absent stays. */
      settings: z
        .object({
          model: words.max(200).nullable(),
          effort: words.max(200).nullable(),
          mode: words.max(200).nullable(),
          sandbox: Settings.shape.sandbox.unwrap().nullable(),
        })
        .partial()
        .optional(),
    }),
    summary: "Rename a session, put it away or back, choose what it works with from its next turn on",
  }),
  "session.stop": effect({
    ...{ method: "POST", path: "/sessions/:session/stop", reply: StopReceipt },
    input: z.object({ session, clearQueue: z.boolean().default(false) }),
    summary: "Stop what runs in a session; with `clearQueue`, also take back what waits",
  }),
  "event.page": query({
    ...{ path: "/sessions/:session/events", reply: EventPage },
    input: z.object({
      session,
      /** What follows this number. */
      after: seq.optional(),
      /** Without `after`: what came last before this number; absent: the newest. */
      before: seq.optional(),
      limit: z.number().int().min(1).max(500).default(500),
    }),
    summary: "A page of what happened in a session",
  }),
  "event.read": query({
    ...{ path: "/sessions/:session/events/:seq", input: z.object({ session, seq }), reply: FactRecord },
    summary: "One event, whole, except for what was cleared away to save space",
  }),

  // ── turns ──────────────────────────────────────────────────────────────────────────────────────────────────────
  "prompt.send": effect({
    ...{ method: "POST", path: "/sessions/:session/prompts", limit: PROMPT_LIMIT, reply: TurnReceipt },
    input: z.object({ session, text: z.string().min(1) }),
    summary: "Queue a prompt",
  }),
  "turn.read": query({
    ...{ path: "/turns/:turn", input: z.object({ turn }), reply: TurnDetail },
    summary: "One turn",
  }),
  "turn.edit": effect({
    ...{ method: "PATCH", path: "/turns/:turn", limit: PROMPT_LIMIT, reply: TurnReceipt },
    input: z.object({ turn, text: z.string().min(1) }),
    summary: "Change the text of a waiting prompt",
  }),
  "turn.drop": effect({
    ...{ method: "POST", path: "/turns/:turn/drop", input: z.object({ turn }), reply: TurnReceipt },
    summary: "Take a waiting prompt back",
  }),
  "turn.run_next": effect({
    ...{ method: "POST", path: "/turns/:turn/run-next", input: z.object({ turn }), reply: TurnReceipt },
    summary: "Run a waiting prompt before the others",
  }),
  "turn.release": effect({
    ...{ method: "POST", path: "/turns/:turn/release", input: z.object({ turn }), reply: TurnReceipt },
    summary: "Let a prompt that is held back run",
  }),
  "turn.steer": effect({
    ...{ method: "POST", path: "/turns/:turn/steer", input: z.object({ turn }), reply: TurnReceipt },
    summary: "Pass a waiting prompt on into the running turn",
  }),

  // ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────
  "command.run": effect({
    ...{ method: "POST", path: "/sessions/:session/commands", limit: PROMPT_LIMIT, reply: CommandReply },
    input: z.object({
      session,
      /** As it is typed: `/model`. Absent where something is chosen. */
      line: z.string().min(1).optional(),
      chosen: CommandChoice.omit({ label: true }).optional(),
    }),
    summary: "Run a command of the table, as it is typed or as it was offered",
  }),

  // ── what agents wait for ───────────────────────────────────────────────────────────────────────────────────────
  "request.list": query({
    ...{ path: "/requests", input: nothing, reply: RequestsReply },
    summary: "Everything that agents wait for, oldest first",
  }),
  "request.answer": effect({
    ...{ method: "POST", path: "/requests/:request/answer", limit: ANSWER_LIMIT, reply: AnswerReceipt },
    input: z.object({ request: RequestId, version: z.number().int(), answer: Answer }),
    summary: "Answer what an agent asked; the first valid answer wins, on whichever surface",
  }),
} as const satisfies Readonly<Record<string, Operation>>

export type Api = typeof api
export type OperationName = keyof Api
/** What a client gives. An effect that names no client id is given a new one. */
export type Input<N extends OperationName> = N extends EffectName
  ? Omit<z.input<Api[N]["input"]>, "clientId"> & { readonly clientId?: string }
  : z.input<Api[N]["input"]>
/** The same, checked and completed. */
export type Given<N extends OperationName> = z.output<Api[N]["input"]>
export type Reply<N extends OperationName> = z.output<Api[N]["reply"]>
export type EffectName = {
  [N in OperationName]: Api[N] extends { readonly kind: "effect" } ? N : never
}[OperationName]

/** What can be done about an error, for programs; its `message` says the same to the owner. */
export const ErrorRemedy = z.discriminatedUnion("kind", [
  /** Change what was sent; `field` is the one that was wrong. */
  z.object({ kind: z.literal("correct"), field: z.string() }),
  /** Send the same again, an effect under its client id. */
  z.object({ kind: z.literal("repeat"), afterMs: z.number().int().nonnegative() }),
  /** What was acted on is not what is there now: read it again. */
  z.object({ kind: z.literal("reload") }),
  /** To be run by the owner, on this machine. */
  z.object({ kind: z.literal("run"), command: z.string() }),
  z.object({ kind: z.literal("grant") }),
  z.object({ kind: z.literal("step_up") }),
])
export type ErrorRemedy = z.infer<typeof ErrorRemedy>

export const ApiError = z.object({
  error: z.object({
    /**
     * `invalid` 400, `forbidden` 403, `not_found` 404, `conflict` 409, `too_large` 413, `unavailable` 503, `storage`
     * 503 (the ledger's disk did not take it: nothing of it was kept, and it may be sent again), `internal` 500.
     */
    code: z.enum([
      ...(["invalid", "forbidden", "not_found", "conflict"] as const),
      ...(["too_large", "unavailable", "storage", "internal"] as const),
    ]),
    /** What exactly, for programs: `turn_not_queued`, `client_id_reused` … */
    reason: z.string(),
    /** For the owner, in the configured language. */
    message: z.string(),
    remedy: ErrorRemedy.optional(),
    /** Where the detail is in the log. */
    logId: z.string().optional(),
  }),
})
export type ApiError = z.infer<typeof ApiError>
