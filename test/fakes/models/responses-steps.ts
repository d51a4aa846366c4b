/** What the scripted Responses server can be told to do with one request. */

/** One thing the model says or does inside an answer. */
export type ModelOutput =
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "tool"; readonly name: string; readonly input: unknown; readonly namespace?: string }
  | { readonly kind: "freeform"; readonly name: string; readonly input: string }

/** How the stream ends once everything in `output` was sent. */
export type StreamEnd =
  | { readonly kind: "completed" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "incomplete"; readonly reason: string }
  /** The connection breaks. */
  | { readonly kind: "cut" }
  /** A clean end of the body, but no `response.completed`. */
  | { readonly kind: "eof" }
  /** Nothing more is sent and the connection stays open. */
  | { readonly kind: "stall" }

export interface TokenCounts {
  readonly input: number
  readonly cached: number
  readonly output: number
}

export type Step =
  | {
      readonly kind: "stream"
      readonly output: readonly ModelOutput[]
      readonly end: StreamEnd
      /** Pause between two deltas of a message, in ms. */
      readonly deltaMs: number
      /** After the first delta of a message, wait for the test to release the step. */
      readonly gated: boolean
      readonly headers: Readonly<Record<string, string>>
      readonly usage: TokenCounts
    }
  | {
      readonly kind: "http"
      readonly status: number
      readonly body: unknown
      readonly headers: Readonly<Record<string, string>>
    }
  /** A 200 with an empty event stream. */
  | { readonly kind: "empty" }
  /** The connection breaks before any header. */
  | { readonly kind: "reset" }
  /** Not even headers until the test releases it; then the next step of the script answers. */
  | { readonly kind: "hold" }

/** Ways in which OpenAI's API and its neighbours fail, by what they are. */
export type FailureKind =
  | "rate_limit"
  | "usage_limit"
  | "quota"
  | "server_error"
  | "overloaded"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "bad_request"
  | "model_not_found"
  | "stream_overloaded"
  | "stream_slow_down"
  | "stream_rate_limit"
  | "stream_context_overflow"
  | "stream_unknown"
  | "stream_incomplete"
  | "stream_cut"
  | "stream_eof"
  | "stream_stall"
  | "empty"
  | "no_output"
  | "reset"

const USAGE: TokenCounts = { input: 1200, cached: 1000, output: 34 }

export function stream(
  output: readonly ModelOutput[],
  options: Partial<Omit<Extract<Step, { kind: "stream" }>, "kind" | "output">> = {},
): Step {
  return {
    kind: "stream",
    output,
    end: { kind: "completed" },
    deltaMs: 0,
    gated: false,
    headers: {},
    usage: USAGE,
    ...options,
  }
}

function http(status: number, error: unknown, headers: Readonly<Record<string, string>> = {}): Step {
  return { kind: "http", status, body: { error }, headers }
}

function failed(code: string, message: string): Step {
  return stream([], { end: { kind: "failed", code, message } })
}

const PARTIAL: readonly ModelOutput[] = [{ kind: "message", text: "half an answer" }]
/** Seconds since the epoch; far enough away that it never passes. */
export const USAGE_RESETS_AT = 9_999_999_999

const failureSteps: Readonly<Record<FailureKind, Step>> = {
  rate_limit: http(429, { message: "Rate limit reached.", type: "requests", code: "rate_limit_exceeded" }),
  usage_limit: http(
    429,
    {
      type: "usage_limit_reached",
      message: "The usage limit has been reached",
      plan_type: "plus",
      resets_at: USAGE_RESETS_AT,
    },
    {
      "x-codex-primary-used-percent": "100",
      "x-codex-primary-window-minutes": "300",
      "x-codex-primary-reset-at": String(USAGE_RESETS_AT),
      "x-codex-secondary-used-percent": "40",
      "x-codex-secondary-window-minutes": "10080",
    },
  ),
  quota: http(429, { message: "You exceeded your current quota", code: "insufficient_quota" }),
  server_error: http(500, { message: "internal boom" }),
  overloaded: http(503, { message: "Overloaded", code: "server_is_overloaded" }),
  unauthorized: http(401, { message: "Incorrect API key provided: sk-…", code: "invalid_api_key" }),
  forbidden: http(403, { message: "forbidden" }),
  not_found: { kind: "http", status: 404, body: "nope", headers: {} },
  bad_request: http(400, { message: "Invalid request: bad field", type: "invalid_request_error" }),
  model_not_found: http(400, {
    message: "The requested model does not exist.",
    type: "invalid_request_error",
    code: "model_not_found",
    param: "model",
  }),
  stream_overloaded: failed("server_is_overloaded", "Selected model is at capacity."),
  stream_slow_down: failed("slow_down", "slow down please"),
  stream_rate_limit: failed("rate_limit_exceeded", "Rate limit reached. Please try again in 1.5s."),
  stream_context_overflow: failed("context_length_exceeded", "too long"),
  stream_unknown: failed("weird", "something odd"),
  stream_incomplete: stream(PARTIAL, { end: { kind: "incomplete", reason: "max_output_tokens" } }),
  stream_cut: stream(PARTIAL, { end: { kind: "cut" } }),
  stream_eof: stream(PARTIAL, { end: { kind: "eof" } }),
  stream_stall: stream(PARTIAL, { end: { kind: "stall" } }),
  empty: { kind: "empty" },
  no_output: stream([]),
  reset: { kind: "reset" },
}

export function failure(kind: FailureKind): Step {
  return failureSteps[kind]
}

export function httpFailure(status: number): Step {
  return http(status, { message: `scripted ${status}` })
}
