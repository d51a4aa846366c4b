/** An ACP agent that tells odd things: the prompt names which. `--auth`: it wants `authenticate` before a session. */
import { createInterface } from "node:readline"

let count = 0
const tell = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const raw = (text: string): void => void process.stdout.write(text)

interface Prompt {
  readonly id: number
  readonly session: string
}
type Lie = (prompt: Prompt) => void

const updateOf = ({ session }: Pick<Prompt, "session">, update: object): object => ({
  method: "session/update",
  params: { sessionId: session, update },
})
const update = (prompt: Prompt, more: object): void => tell(updateOf(prompt, more))
const chunk = (text: string): object => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
})
const say = (prompt: Prompt, text: string): void => update(prompt, chunk(text))
const end = ({ id }: Prompt, result: unknown = { stopReason: "end_turn" }): void => tell({ id, result })
const frame = (prompt: Prompt): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id: prompt.id, result: { stopReason: "end_turn" } })}\n`

const once = { optionId: "once", name: "Allow", kind: "allow_once" }
const no = { optionId: "no", name: "No", kind: "reject_once" }
/** What to do with the answer to a request, by the request's id. */
const waiting = new Map<unknown, (answer: string) => void>()

/** Asks, says what it was answered, and ends. */
function ask(
  prompt: Prompt,
  toolCall: object,
  options: readonly object[] = [once, no],
  session = prompt.session,
): void {
  const id = `ask-${++count}`
  tell({ id, method: "session/request_permission", params: { sessionId: session, toolCall, options } })
  waiting.set(id, (answer) => {
    say(prompt, answer)
    end(prompt)
  })
}

const touch = { toolCallId: "t1", title: "touch it", kind: "execute", rawInput: { command: "touch it" } }
const done: Lie = (prompt) => {
  say(prompt, "done")
  end(prompt)
}
const with_ =
  (before: Lie): Lie =>
  (prompt) => {
    before(prompt)
    done(prompt)
  }

const lies: Readonly<Record<string, Lie>> = {
  empty_item_id: with_((prompt) =>
    update(prompt, { sessionUpdate: "tool_call", toolCallId: "", title: "x" }),
  ),
  long_item_id: with_((prompt) =>
    update(prompt, { sessionUpdate: "tool_call", toolCallId: "x".repeat(5000), title: "x" }),
  ),
  duplicates(prompt) {
    for (let n = 0; n < 2; n++) update(prompt, { sessionUpdate: "tool_call", toolCallId: "a", title: "x" })
    done(prompt)
    end(prompt)
  },
  late_text(prompt) {
    // In one piece: words that came after the next prompt would belong to that for all anybody could tell.
    process.stdout.cork()
    done(prompt)
    say(prompt, "and more")
    process.stdout.uncork()
  },
  drifted_messages(prompt) {
    update(prompt, {
      sessionUpdate: "tool_call",
      toolCallId: 5,
      title: [],
      kind: {},
      status: "resting",
      locations: 1,
    })
    update(prompt, { sessionUpdate: "plan", entries: "none" })
    update(prompt, { sessionUpdate: "usage_update", used: "much" })
    done(prompt)
  },
  drifted_result(prompt) {
    say(prompt, "done")
    end(prompt, { stopReason: 5, usage: "much" })
  },
  no_result(prompt) {
    say(prompt, "done")
    end(prompt, null)
  },
  new_stop_reason(prompt) {
    say(prompt, "done")
    end(prompt, { stopReason: "paused_for_lunch" })
  },
  garbage: with_((prompt) => {
    raw("warming up …\n{}\n[1,2]\n\n\u0000\n")
    update(prompt, { sessionUpdate: "hologram", depth: 3 })
    tell({ method: "_vendor/news", params: 5 })
  }),
  separators(prompt) {
    say(prompt, "one\u2028two\u2029three\u0085four")
    end(prompt)
  },
  byte_order_mark(prompt) {
    say(prompt, "done")
    raw(`\uFEFF${frame(prompt)}`)
  },
  window_title(prompt) {
    say(prompt, "done")
    raw(`\u001b]0;working\u0007${frame(prompt)}`)
  },
  cursor_codes(prompt) {
    say(prompt, "done")
    raw(`\u001b[2K\u001b[1G${frame(prompt)}`)
  },
  words_before(prompt) {
    say(prompt, "done")
    raw(`Debugger attached {ok}. ${frame(prompt)}`)
  },
  words_after(prompt) {
    say(prompt, "done")
    raw(`${frame(prompt).trimEnd()} bye\n`)
  },
  empty_request_id: (prompt) => ask(prompt, { ...touch, toolCallId: "" }),
  long_request_id: (prompt) => ask(prompt, { ...touch, toolCallId: "y".repeat(5000) }),
  only_always: (prompt) => ask(prompt, touch, [{ optionId: "a", name: "Always", kind: "allow_always" }]),
  no_options: (prompt) => ask(prompt, touch, []),
  nothing_to_show: (prompt) => ask(prompt, { toolCallId: "t1" }),
  child_session: (prompt) => ask(prompt, touch, [once, no], "child-of-it"),
  after_end(prompt) {
    say(prompt, "done")
    end(prompt)
    const id = `ask-${++count}`
    const params = { sessionId: prompt.session, toolCall: touch, options: [once, no] }
    tell({ id, method: "session/request_permission", params })
    waiting.set(id, (answer) => say(prompt, answer))
  },
  error_as_answer(prompt) {
    say(prompt, 'Ran into this error: Server error: 401 Unauthorized {"message":"bad key sk-123"}')
    end(prompt)
  },
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly sessionId?: string
    readonly methodId?: string
    readonly prompt?: readonly { readonly text?: string }[]
  }
  readonly result?: unknown
}

let isSignedIn = !process.argv.includes("--auth")
const methods = [
  { id: "login-with-browser", name: "Sign in with a browser" },
  { id: "api-key", name: "API key" },
]
const preferred = process.argv.find((word) => word.startsWith("--default="))?.slice("--default=".length)

function opened(id: number, sessionId: string): void {
  if (isSignedIn) tell({ id, result: { sessionId } })
  else tell({ id, error: { code: -32000, message: "Authentication required" } })
}

function serve(id: number, { method, params }: Message): void {
  switch (method) {
    case "initialize":
      return tell({
        id,
        result: {
          ...{ protocolVersion: 1, authMethods: methods },
          agentCapabilities: { loadSession: true },
          ...(preferred === undefined ? {} : { _meta: { defaultAuthMethodId: preferred } }),
        },
      })
    case "authenticate":
      isSignedIn = params?.methodId === "api-key"
      if (isSignedIn) return tell({ id, result: {} })
      return tell({ id, error: { code: -32603, message: `no browser for ${String(params?.methodId)}` } })
    case "session/new":
      return opened(id, `session-${++count}`)
    case "session/load":
      opened(id, params?.sessionId ?? "")
      // The history comes late, and its end is only shown by the commands.
      if (params?.sessionId?.startsWith("late")) {
        const prompt = { session: params.sessionId }
        tell(
          updateOf(prompt, { sessionUpdate: "user_message_chunk", content: { type: "text", text: "old" } }),
        )
        tell(updateOf(prompt, chunk("an old answer")))
        tell(updateOf(prompt, { sessionUpdate: "available_commands_update", availableCommands: [] }))
      }
      return
    case "session/prompt": {
      const prompt = { id, session: params?.sessionId ?? "" }
      const [, lie = ""] = /LIE:(\w+)/.exec(params?.prompt?.[0]?.text ?? "") ?? []
      const told = lies[lie]
      if (told) return told(prompt)
      say(prompt, "honest")
      return end(prompt)
    }
    default:
      return tell({ id, result: {} })
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line) as Message
    if (message.method === undefined) waiting.get(message.id)?.(JSON.stringify(message.result ?? null))
    else if (message.id !== undefined) serve(message.id, message)
  })
  .on("close", () => process.exit(0))
