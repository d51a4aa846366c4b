#!/usr/bin/env node
/**
 * A Codex whose app-server speaks the protocol, but tells odd things: the prompt names which. It only knows pipes.
 */
import { createInterface } from "node:readline"

const words = process.argv.slice(2)
if (words.includes("--version")) {
  console.log("codex-cli 0.171.0")
  process.exit(0)
}
if (words[0] === "sandbox") process.exit(0)
if (words.includes("--listen")) {
  console.error("no sockets here")
  process.exit(2)
}

interface Turn {
  readonly threadId: string
  readonly id: string
}
type Lie = (turn: Turn) => void

let count = 0
const tell = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`)
const inTurn = ({ threadId, id }: Turn, method: string, params: object): void =>
  tell({ method, params: { threadId, turnId: id, ...params } })
const turnOf = (id: string, status: unknown, more: object = {}) => ({
  id,
  status,
  items: [],
  error: null,
  ...more,
})
const end = ({ threadId, id }: Turn, status: unknown = "completed", more: object = {}): void =>
  tell({ method: "turn/completed", params: { threadId, turn: turnOf(id, status, more) } })
const say = (turn: Turn, text: string, itemId = `m${++count}`): void =>
  inTurn(turn, "item/completed", { item: { type: "agentMessage", id: itemId, text } })
const ask = ({ threadId, id }: Turn, method: string, params: object, rpcId: unknown = `r${++count}`): void =>
  tell({ id: rpcId, method, params: { threadId, turnId: id, ...params } })
const command = { itemId: "i1", command: "touch it", cwd: "/" }
const approval = "item/commandExecution/requestApproval"
const done: Lie = (turn) => {
  say(turn, "done")
  end(turn)
}

const lies: Readonly<Record<string, Lie>> = {
  empty_item_id(turn) {
    say(turn, "done", "")
    end(turn)
  },
  long_item_id(turn) {
    say(turn, "done", "m".repeat(5000))
    end(turn)
  },
  duplicates(turn) {
    for (let n = 0; n < 2; n++) {
      tell({
        method: "turn/started",
        params: { threadId: turn.threadId, turn: turnOf(turn.id, "inProgress") },
      })
      say(turn, "done", "m")
    }
    for (let n = 0; n < 2; n++) end(turn)
  },
  late_text(turn) {
    done(turn)
    say(turn, "and more")
  },
  drifted_messages(turn) {
    const params = { itemId: 5, delta: {} }
    for (const method of ["item/agentMessage/delta", "item/commandExecution/outputDelta"])
      inTurn(turn, method, params)
    inTurn(turn, "turn/plan/updated", { explanation: 7, plan: "none" })
    inTurn(turn, "item/completed", { item: { type: "commandExecution", id: "c", command: 5, status: [] } })
    tell({
      method: "account/rateLimits/updated",
      params: { rateLimits: { primary: { usedPercent: -1 }, secondary: 5 } },
    })
    done(turn)
  },
  drifted_result(turn) {
    say(turn, "done")
    end(turn, { word: "completed" }, { items: "none", error: null, usage: 5 })
  },
  garbage(turn) {
    process.stdout.write("not json\n{}\n[1]\n\n")
    tell({ method: "brand/new", params: 5 })
    tell({ id: 999_999, result: {} })
    inTurn(turn, "item/started", { item: { type: "hologram", id: "h" } })
    done(turn)
  },
  empty_request_id: (turn) => ask(turn, approval, command, ""),
  same_request_id(turn) {
    ask(turn, approval, { ...command, command: "touch first" }, "same")
    ask(turn, approval, { ...command, itemId: "i2", command: "touch second" }, "same")
  },
  long_request_id: (turn) => ask(turn, approval, command, "q".repeat(300)),
  empty_item_in_request: (turn) => ask(turn, approval, { ...command, itemId: "" }),
  unknown_status(turn) {
    say(turn, "all done")
    end(turn, "paused")
  },
  unknown_status_with_error: (turn) => end(turn, "exploded", { error: { message: "boom" } }),
  error_as_text: (turn) => end(turn, "failed", { error: "boom" }),
  error_as_number: (turn) => end(turn, "failed", { error: 42 }),
  new_error_word: (turn) => end(turn, "failed", { error: { message: "No.", codexErrorInfo: "bioPolicy" } }),
  odd_usage(turn) {
    const last = { totalTokens: "many", inputTokens: 1, outputTokens: 1 }
    inTurn(turn, "thread/tokenUsage/updated", { tokenUsage: { last, modelContextWindow: 0 } })
    say(turn, "counted")
    end(turn)
  },
  odd_items(turn) {
    const items = [7, { type: "agentMessage", id: 5 }, { type: "agentMessage", id: "x", text: "the answer" }]
    end(turn, "completed", { items })
  },
  two_ends(turn) {
    say(turn, "one")
    end(turn)
    end(turn)
    say(turn, "two")
    end(turn)
  },
  change_without_item: (turn) =>
    ask(turn, "item/fileChange/requestApproval", { itemId: "f0", reason: null, grantRoot: null }),
  command_without_words: (turn) => ask(turn, approval, { ...command, command: " " }),
  command_as_list: (turn) => ask(turn, approval, { ...command, command: ["rm", "-rf", "/"] }),
  permission_for_nothing: (turn) =>
    ask(turn, "item/permissions/requestApproval", {
      itemId: "p",
      permissions: { network: null, fileSystem: null },
    }),
  new_request: (turn) => ask(turn, "item/newThing/requestApproval", { itemId: "z" }),
  change_of_another_form(turn) {
    const changes = [{ path: "/x", kind: "add", diff: "hi" }]
    const item = { type: "fileChange", id: "f1", status: "inProgress", changes }
    inTurn(turn, "item/started", { item })
    ask(turn, "item/fileChange/requestApproval", { itemId: "f1", reason: null, grantRoot: null })
  },
}

function begin(threadId: string, text: string, clientId: string): Turn {
  const turn = { threadId, id: `turn-${++count}` }
  const [, lie = "none"] = /LIE:(\w+)/.exec(text) ?? []
  setImmediate(() => {
    tell({ method: "turn/started", params: { threadId, turn: turnOf(turn.id, "inProgress") } })
    inTurn(turn, "item/started", { item: { type: "userMessage", id: `u${++count}`, clientId, content: [] } })
    const told = lies[lie]
    if (told) return told(turn)
    say(turn, "honest")
    end(turn)
  })
  return turn
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: {
    readonly threadId?: string
    readonly cwd?: string
    readonly clientUserMessageId?: string
    readonly input?: readonly { readonly text?: string }[]
  }
  readonly result?: unknown
  readonly error?: unknown
}

/** The turn that waits for an answer goes on with it, and says what it was. */
let waiting: Turn | null = null

function answered({ result, error }: Message): void {
  if (waiting === null) return
  say(waiting, JSON.stringify(error === undefined ? result : "refused"))
  end(waiting)
  waiting = null
}

const opened = (id: string, cwd: string) => ({
  thread: { id, cwd, preview: "", updatedAt: 1, source: "vscode", originator: "remoteagent" },
  ...{ model: "gpt-x", approvalPolicy: "on-request", sandbox: { type: "workspaceWrite" } },
})

/** A thread that is just being closed is refused once. */
let isClosing = true

function refusalOf({ method, params }: Message): string | null {
  if (method !== "thread/resume" || params?.threadId !== "closing" || !isClosing) return null
  isClosing = false
  return "thread closing is closing; retry thread/resume after the thread is closed."
}

function resultOf({ method, params }: Message): object {
  const { threadId = "", cwd = "" } = params ?? {}
  switch (method) {
    case "initialize":
      return { userAgent: "liar", codexHome: "/nonexistent" }
    case "account/read":
      return { account: { type: "apiKey" }, requiresOpenaiAuth: true }
    case "config/read":
      return { config: { model: "gpt-x" } }
    case "thread/start":
      return opened(`thread-${++count}`, cwd)
    case "thread/resume":
      return opened(threadId, cwd)
    case "turn/start": {
      const turn = begin(threadId, params?.input?.[0]?.text ?? "", params?.clientUserMessageId ?? "")
      waiting = turn
      return { turn: turnOf(turn.id, "inProgress") }
    }
    default:
      return { data: [], nextCursor: null }
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const message = JSON.parse(line) as Message
    if (message.method === undefined) return answered(message)
    const { id } = message
    if (id === undefined) return
    const refusal = refusalOf(message)
    if (refusal !== null) tell({ id, error: { code: -32600, message: refusal } })
    else tell({ id, result: resultOf(message) })
  })
  .on("close", () => process.exit(0))
