/** The script of a model: what it answers, request by request, and handles to hold it and let it go on. */
import { z } from "zod"
import {
  type FailureKind,
  failure,
  httpFailure,
  type ModelOutput,
  type Step,
  stream,
  type TokenCounts,
} from "./responses-steps.ts"

/** A request as the model server received it. */
export interface ModelRequest {
  readonly body: ModelRequestBody
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** The part of a request that scripts and tests look at. */
export const ModelRequestBody = z.object({
  model: z.string(),
  input: z.array(
    z.object({
      type: z.string().optional(),
      role: z.string().optional(),
      content: z.unknown().optional(),
      output: z.unknown().optional(),
    }),
  ),
  tools: z.array(z.object({ name: z.string().optional(), type: z.string().optional() })).default([]),
  reasoning: z.object({ effort: z.string().optional() }).nullable().default(null),
  prompt_cache_key: z.string().nullable().default(null),
})
export type ModelRequestBody = z.infer<typeof ModelRequestBody>
export type InputItem = ModelRequestBody["input"][number]

/** A step already in the script. */
export interface StepHandle {
  /** Resolves when a request has reached this step. */
  readonly requested: Promise<ModelRequest>
  /** Lets a gated or held step go on. */
  release(): void
  /** Resolves when the client went away before the answer was complete. */
  readonly aborted: Promise<void>
}

export interface ReplyOptions {
  readonly deltaMs?: number
  readonly gated?: boolean
  readonly reasoning?: string
  readonly usage?: TokenCounts
  readonly headers?: Readonly<Record<string, string>>
}

export interface CommandOptions {
  /** Asks to run outside the sandbox. */
  readonly escalated?: boolean
  readonly justification?: string
  /** How long the tool waits before it hands a running command to the background. */
  readonly yieldMs?: number
  /** Offers this command prefix as a standing rule. */
  readonly prefixRule?: readonly string[]
}

export interface ScriptedQuestion {
  readonly id: string
  readonly header: string
  readonly question: string
  readonly options: readonly { readonly label: string; readonly description: string }[]
}

/** A step, made once the request is known: newer models take their tools in another dialect. */
export type Planned = (request: ModelRequest) => Step

export interface QueuedStep {
  readonly plan: Planned
  readonly released: Promise<void>
  readonly isReleased: () => boolean
  readonly reached: (request: ModelRequest) => void
  readonly gone: () => void
}

export class ModelScript {
  readonly #queue: QueuedStep[] = []
  #otherwise: Planned | null = null

  /** Answers with text, sent word by word. */
  reply(text: string, options: ReplyOptions = {}): StepHandle {
    const output: ModelOutput[] = options.reasoning ? [{ kind: "reasoning", text: options.reasoning }] : []
    output.push({ kind: "message", text })
    const { reasoning: _, ...rest } = options
    return this.step(() => stream(output, rest))
  }

  command(cmd: string, options: CommandOptions = {}): StepHandle {
    const input = {
      cmd,
      ...(options.yieldMs === undefined ? {} : { yield_time_ms: options.yieldMs }),
      ...(options.escalated ? { sandbox_permissions: "require_escalated" } : {}),
      ...(options.escalated ? { justification: options.justification ?? "May I?" } : {}),
      ...(options.prefixRule ? { prefix_rule: options.prefixRule } : {}),
    }
    return this.step((request) => stream([toolCall(request, "exec_command", input)]))
  }

  /** A patch in Codex' own format, `*** Begin Patch` … `*** End Patch`. */
  patch(text: string): StepHandle {
    return this.step((request) =>
      stream([
        takesTool(request, "apply_patch")
          ? { kind: "freeform", name: "apply_patch", input: text }
          : {
              kind: "freeform",
              name: "exec",
              input: `text(await tools.apply_patch(${JSON.stringify(text)}))`,
            },
      ]),
    )
  }

  addFile(path: string, line: string): StepHandle {
    return this.patch(`*** Begin Patch\n*** Add File: ${path}\n+${line}\n*** End Patch`)
  }

  ask(questions: readonly ScriptedQuestion[]): StepHandle {
    return this.tool("request_user_input", { questions })
  }

  tool(name: string, input: unknown): StepHandle {
    return this.step((request) => stream([toolCall(request, name, input)]))
  }

  /** A tool of an MCP server, as models with plain tools call it. */
  mcpTool(server: string, name: string, input: unknown): StepHandle {
    return this.step(() => stream([{ kind: "tool", name, input, namespace: `mcp__${server}` }]))
  }

  fail(how: number | FailureKind): StepHandle {
    return this.step(() => (typeof how === "number" ? httpFailure(how) : failure(how)))
  }

  /** Accepts a request and sends nothing, not even headers, until released; then the next step answers it. */
  hold(): StepHandle {
    return this.step(() => ({ kind: "hold" }))
  }

  step(plan: Planned): StepHandle {
    const requested = Promise.withResolvers<ModelRequest>()
    const released = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<void>()
    let isReleased = false
    const release = () => {
      isReleased = true
      released.resolve()
    }
    this.#queue.push({
      plan,
      released: released.promise,
      isReleased: () => isReleased,
      reached: requested.resolve,
      gone: aborted.resolve,
    })
    return { requested: requested.promise, release, aborted: aborted.promise }
  }

  /** What answers when the script has nothing left. */
  otherwise(plan: Planned | null): void {
    this.#otherwise = plan
  }

  clear(): void {
    this.#queue.length = 0
    this.#otherwise = null
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#otherwise === null
  }

  take(): QueuedStep | null {
    const next = this.#queue.shift()
    if (next) return next
    if (this.#otherwise === null) return null
    const ignore = () => undefined
    const plan = this.#otherwise
    return { plan, released: Promise.resolve(), isReleased: () => true, reached: ignore, gone: ignore }
  }
}

function toolCall(request: ModelRequest, name: string, input: unknown): ModelOutput {
  return takesTool(request, name)
    ? { kind: "tool", name, input }
    : { kind: "freeform", name: "exec", input: `text(await tools.${name}(${JSON.stringify(input)}))` }
}

/** Models in code mode get no plain tools but write JavaScript for a tool named `exec`. */
function takesTool(request: ModelRequest, name: string): boolean {
  const { tools } = request.body
  return tools.some((tool) => tool.name === name) || !takesCode(request)
}

function takesCode(request: ModelRequest): boolean {
  return request.body.input.some((item) => item.type === "additional_tools")
}
