/** One way to script the model behind an agent, whichever agent it is. */
import { type MessagesModel, startMessagesModel } from "../fakes/models/messages.ts"
import type { ReplyOptions, Step } from "../fakes/models/messages-script.ts"
import { type ResponsesServer, startResponsesServer } from "../fakes/models/responses.ts"
import type { ModelScript, StepHandle } from "../fakes/models/responses-script.ts"
import { failure, type Step as ResponsesStep, stream } from "../fakes/models/responses-steps.ts"

/** A step that was scripted. */
export interface Held {
  /** Resolves when the agent has asked for it; of a gated answer, the first word is on its way. */
  readonly reached: Promise<unknown>
  release(): void
  /** Resolves when the agent went away before the answer was complete. */
  readonly abandoned: Promise<void>
}

/** Only for the turn whose prompt contains this. */
export interface During {
  readonly during?: string
}

export interface SayOptions extends During {
  /** The answer stops after its first word until it is released. */
  readonly gated?: boolean
}

export type Trouble = "auth" | "server" | "empty" | { readonly limitUntil: number }

export interface Brain {
  /** What the agent needs in its environment to find this model. */
  readonly env: Readonly<Record<string, string>>
  readonly baseUrl: string
  say(text: string, options?: SayOptions): Held
  /** A command that the owner must allow. */
  run(command: string, during?: During): Held
  write(path: string, content: string, during?: During): Held
  ask(question: string, options: readonly string[]): Held
  /** Every request from now on, until `clear`. */
  fail(trouble: Trouble): void
  clear(): void
  /** The newest request, as JSON. */
  newest(): string
  /** Models asked for, oldest first. */
  models(): readonly string[]
  promptsContaining(text: string): number
  close(): Promise<void>
}

/** More requests than any test makes. */
const ALWAYS = 1_000

export interface ClaudeBrain extends Brain {
  proposePlan(markdown: string): Held
}

export async function startClaudeBrain(): Promise<ClaudeBrain> {
  const model = await startMessagesModel()
  const { script } = model
  const tool = (name: string, input: object, options: ReplyOptions = {}) =>
    heldStep(script.tool(name, input, options))
  return {
    baseUrl: model.baseUrl,
    env: {
      ANTHROPIC_BASE_URL: model.baseUrl,
      CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-scripted",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_TELEMETRY: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_AUTOUPDATER: "1",
      CLAUDE_CODE_MAX_RETRIES: "0",
    },
    say: (text, options = {}) => heldStep(script.reply(text, options)),
    run: (command, options) => tool("Bash", { command, description: "what was asked for" }, options),
    write: (path, content, options) => tool("Write", { file_path: path, content }, options),
    ask: (question, labels) => {
      const options = labels.map((label) => ({ label, description: `the ${label} one` }))
      return tool("AskUserQuestion", {
        questions: [{ question, header: "Choice", multiSelect: false, options }],
      })
    },
    proposePlan: (plan) => tool("ExitPlanMode", { plan }),
    fail: (trouble) => failClaude(model, trouble),
    clear: () => script.clear(),
    newest: () => JSON.stringify(model.requests.at(-1)?.body ?? null),
    models: () => model.requests.map(({ body }) => body.model),
    promptsContaining: (text) => model.promptsContaining(text),
    close: () => model.close(),
  }
}

function heldStep(step: Step): Held {
  return { reached: step.reached, release: () => step.release(), abandoned: step.abandoned }
}

function failClaude({ script }: MessagesModel, trouble: Trouble): void {
  if (typeof trouble !== "string") {
    script.fail("usage_limit", { times: ALWAYS, headers: rejectedUntil(trouble.limitUntil) })
    return
  }
  const kinds = { auth: "auth", server: "server", empty: "no_content" } as const
  script.fail(kinds[trouble], { times: ALWAYS })
}

/** How the service tells a subscription that its window is used up. */
function rejectedUntil(ms: number): Record<string, string> {
  const reset = String(Math.ceil(ms / 1000))
  return {
    "anthropic-ratelimit-unified-status": "rejected",
    "anthropic-ratelimit-unified-reset": reset,
    "anthropic-ratelimit-unified-representative-claim": "five_hour",
    "anthropic-ratelimit-unified-5h-status": "rejected",
    "anthropic-ratelimit-unified-5h-utilization": "1.0",
    "anthropic-ratelimit-unified-5h-reset": reset,
  }
}

export interface CodexBrain extends Brain {
  /** A command that stays inside the sandbox. */
  runInside(command: string): Held
  /** A call of a tool of Codex' own. */
  calls(tool: string, input: object, namespace?: string): void
}

export async function startCodexBrain(): Promise<CodexBrain> {
  const model = await startResponsesServer()
  const markers = new Set<string>()
  const scriptOf = ({ during }: During = {}): ModelScript => {
    if (during === undefined) return model.script
    markers.add(during)
    return model.scriptFor(during)
  }
  return {
    baseUrl: model.baseUrl,
    env: { SCRIPTED_API_KEY: "sk-scripted-key" },
    say: (text, { gated = false, ...during } = {}) => heldHandle(scriptOf(during).reply(text, { gated })),
    run: (command, during) =>
      heldHandle(scriptOf(during).command(command, { escalated: true, yieldMs: 30_000 })),
    runInside: (command) => heldHandle(model.script.command(command, { yieldMs: 30_000 })),
    calls(name, input, namespace) {
      const named = namespace === undefined ? {} : { namespace }
      model.script.step(() => stream([{ kind: "tool", name, input, ...named }]))
    },
    write: (path, content, during) => heldHandle(scriptOf(during).addFile(path, content.trimEnd())),
    ask: (question, labels) => {
      const options = labels.map((label) => ({ label, description: `the ${label} one` }))
      return heldHandle(model.script.ask([{ id: "choice", header: "Choice", question, options }]))
    },
    fail: (trouble) => failCodex(model, trouble),
    clear() {
      for (const script of [model.script, ...[...markers].map((marker) => model.scriptFor(marker))])
        script.clear()
    },
    newest: () => JSON.stringify(model.requests.at(-1)?.body ?? null),
    models: () => model.requests.map(({ body }) => body.model),
    promptsContaining: (text) => model.promptsContaining(text),
    close: () => model.close(),
  }
}

function heldHandle(handle: StepHandle): Held {
  return { reached: handle.requested, release: () => handle.release(), abandoned: handle.aborted }
}

function failCodex({ script }: ResponsesServer, trouble: Trouble): void {
  const kinds = { auth: "unauthorized", server: "server_error", empty: "no_output" } as const
  const step = typeof trouble === "string" ? failure(kinds[trouble]) : usedUpUntil(trouble.limitUntil)
  script.otherwise(() => step)
}

/** How the service tells a subscription that its window is used up. */
function usedUpUntil(ms: number): ResponsesStep {
  const resets_at = Math.ceil(ms / 1000)
  const error = { type: "usage_limit_reached", message: "The usage limit has been reached", resets_at }
  return {
    kind: "http",
    status: 429,
    body: { error },
    headers: {
      "x-codex-primary-used-percent": "100",
      "x-codex-primary-window-minutes": "300",
      "x-codex-primary-reset-at": String(resets_at),
    },
  }
}
