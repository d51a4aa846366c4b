/** What the scripted model does with each request, in the order the steps were written. */

export interface Usage {
  readonly input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly output_tokens: number
}

export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly thinking: string }
  | { readonly type: "tool_use"; readonly name: string; readonly input: object }

/** How an answer that began ends badly: socket destroyed, clean end of stream, an error event, or silence. */
export type Breakage = "cut" | "early_end" | "error_event" | "stall"

export type Behaviour =
  | {
      readonly kind: "answer"
      readonly blocks: readonly Block[]
      readonly gated: boolean
      readonly stopReason: string | undefined
      readonly usage: Partial<Usage>
      readonly headers: Readonly<Record<string, string>>
      readonly breakAfterFirstWord: Breakage | undefined
    }
  | {
      readonly kind: "status"
      readonly status: number
      readonly body: object
      readonly headers: Readonly<Record<string, string>>
    }
  /** 200 and nothing in the stream. */
  | { readonly kind: "empty" }
  /** The connection is reset before any answer. */
  | { readonly kind: "reset" }
  /** The request is taken and never answered, not even with headers. */
  | { readonly kind: "hold" }

export interface StepOptions {
  /** How many requests this step serves; default 1. */
  readonly times?: number
  /** Serves only requests whose newest user text contains this; steps with `when` go before those without. */
  readonly when?: string
  /** Serves only requests of the turn whose prompt contains this, also after its tools; goes before all others. */
  readonly during?: string
}

export interface ReplyOptions extends StepOptions {
  /** The answer stops after its first word until `release()`. */
  readonly gated?: boolean
  readonly thinking?: string
  readonly stopReason?: string
  readonly usage?: Partial<Usage>
  readonly headers?: Readonly<Record<string, string>>
  readonly breakAfterFirstWord?: Breakage
}

export type FailureKind = keyof typeof failures

/** A step that was scripted: lets a test wait for it and let it go on. */
export class Step {
  readonly behaviour: Behaviour
  readonly when: string | undefined
  readonly during: string | undefined
  remaining: number
  /** Resolves when a request has been given this step (for a gated reply: when its first word was sent). */
  readonly reached: Promise<void>
  readonly released: Promise<void>
  /** Resolves when the client has gone before the answer was complete. */
  readonly abandoned: Promise<void>
  readonly #reach: () => void
  readonly #release: () => void
  readonly #abandon: () => void

  constructor(behaviour: Behaviour, options: StepOptions) {
    this.behaviour = behaviour
    this.when = options.when
    this.during = options.during
    this.remaining = options.times ?? 1
    const reached = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const abandoned = Promise.withResolvers<void>()
    this.reached = reached.promise
    this.released = released.promise
    this.abandoned = abandoned.promise
    this.#reach = reached.resolve
    this.#release = released.resolve
    this.#abandon = abandoned.resolve
  }

  release(): void {
    this.#release()
  }
  noteReached(): void {
    this.#reach()
  }
  noteAbandoned(): void {
    this.#abandon()
  }
}

export class Script {
  #steps: Step[] = []

  /** One text answer. */
  reply(text: string, options: ReplyOptions = {}): Step {
    return this.blocks([{ type: "text", text }], options)
  }

  /** The model calls a tool. */
  tool(name: string, input: object, options: ReplyOptions = {}): Step {
    return this.blocks([{ type: "tool_use", name, input }], options)
  }

  /** An answer of several blocks; `options.thinking` goes first. */
  blocks(blocks: readonly Block[], options: ReplyOptions = {}): Step {
    const thinking: readonly Block[] =
      options.thinking === undefined ? [] : [{ type: "thinking", thinking: options.thinking }]
    return this.#add(
      {
        kind: "answer",
        blocks: [...thinking, ...blocks],
        gated: options.gated ?? false,
        stopReason: options.stopReason,
        usage: options.usage ?? {},
        headers: options.headers ?? {},
        breakAfterFirstWord: options.breakAfterFirstWord,
      },
      options,
    )
  }

  /** A failure by name, or a bare HTTP status. */
  fail(
    failure: FailureKind | number,
    options: StepOptions & { readonly headers?: Record<string, string> } = {},
  ): Step {
    const behaviour =
      typeof failure === "number" ? status(failure, "api_error", `scripted ${failure}`) : failures[failure]
    const headers = options.headers ?? {}
    return this.#add(
      behaviour.kind === "status"
        ? { ...behaviour, headers: { ...behaviour.headers, ...headers } }
        : behaviour,
      options,
    )
  }

  /** The request is taken and never answered. */
  hold(options: StepOptions = {}): Step {
    return this.#add({ kind: "hold" }, options)
  }

  /** Forgets the steps that were not used yet. */
  clear(): void {
    this.#steps = []
  }

  /** The step for a request of the turn with this prompt, or undefined when nothing was scripted for it. */
  take({ newest, prompt }: { readonly newest: string; readonly prompt: string }): Step | undefined {
    const fits = (text: string, wanted: string | undefined) => wanted !== undefined && text.includes(wanted)
    const step =
      this.#steps.find((candidate) => fits(prompt, candidate.during)) ??
      this.#steps.find((candidate) => fits(newest, candidate.when)) ??
      this.#steps.find((candidate) => candidate.when === undefined && candidate.during === undefined)
    if (step === undefined) return undefined
    step.remaining -= 1
    if (step.remaining <= 0) this.#steps = this.#steps.filter((other) => other !== step)
    return step
  }

  #add(behaviour: Behaviour, options: StepOptions): Step {
    const step = new Step(behaviour, options)
    this.#steps.push(step)
    return step
  }
}

type StatusBehaviour = Extract<Behaviour, { kind: "status" }>

function status(
  code: number,
  type: string,
  message: string,
  headers: Record<string, string> = {},
): StatusBehaviour {
  const body = { type: "error", error: { type, message }, request_id: "req_scripted" }
  return { kind: "status", status: code, body, headers }
}

function answer(text: string, more: { stopReason?: string; breakAfterFirstWord?: Breakage } = {}): Behaviour {
  return {
    kind: "answer",
    blocks: text === "" ? [] : [{ type: "text", text }],
    gated: false,
    stopReason: more.stopReason,
    usage: {},
    headers: {},
    breakAfterFirstWord: more.breakAfterFirstWord,
  }
}

/** The failures of the Messages API, each as the real service words it. */
const failures = {
  rate_limit: status(429, "rate_limit_error", "This request would exceed your rate limit", {
    "retry-after": "1",
  }),
  usage_limit: status(429, "rate_limit_error", "You have hit your limit", { "retry-after": "3600" }),
  overloaded: status(529, "overloaded_error", "Overloaded"),
  server: status(500, "api_error", "Internal server error"),
  unavailable: status(503, "api_error", "upstream unavailable"),
  auth: status(401, "authentication_error", "invalid x-api-key"),
  forbidden: status(403, "permission_error", "Your API key does not have permission"),
  bad_request: status(400, "invalid_request_error", "messages: something bad"),
  billing: status(
    400,
    "invalid_request_error",
    "Your credit balance is too low to access the Anthropic API.",
  ),
  too_long: status(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
  too_large: status(413, "request_too_large", "Request exceeds the maximum size"),
  model_not_found: status(404, "not_found_error", "model: claude-nope"),
  cut: answer("one two three", { breakAfterFirstWord: "cut" }),
  early_end: answer("one two three", { breakAfterFirstWord: "early_end" }),
  error_event: answer("one two three", { breakAfterFirstWord: "error_event" }),
  stall: answer("one two three", { breakAfterFirstWord: "stall" }),
  no_content: answer(""),
  max_tokens: answer("partial", { stopReason: "max_tokens" }),
  refusal: answer("I cannot", { stopReason: "refusal" }),
  empty: { kind: "empty" },
  reset: { kind: "reset" },
} as const satisfies Record<string, Behaviour>
