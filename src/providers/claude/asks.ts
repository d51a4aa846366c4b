/** What a `claude` process asks of its user, put to the owner, and the answers in its own form. */
import type { RequestId } from "../../protocol/ids.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Answer, RequestBody } from "../../protocol/session.ts"
import type { AttemptRecord } from "../attempt-record.ts"
import { firstLine } from "../bounded-text.ts"
import { formContent, formQuestions, readForm } from "../form.ts"
import { OpenRequests, type Withdrawn } from "../open-requests.ts"
import { readText } from "./file-change.ts"
import { LABEL } from "./offer.ts"
import { askOf } from "./permission.ts"
import type { Turn } from "./turn.ts"
import { CanUseTool, Elicitation, type WireId } from "./wire.ts"

/** `response`: what the control request is answered with. */
export interface Reply {
  readonly response: object
  /** The call that may run now. */
  readonly allows: string | null
}

export interface AsksParts {
  readonly newId: () => string
  readonly workspace: string
  /** The turn under which something is asked. */
  readonly working: () => Turn
  readonly current: () => Turn | null
  readonly respond: (id: WireId, response: object) => void
  readonly refuse: (id: WireId, error: string) => void
}

type Waiting = Withdrawn<WireId, Reply>

export class Asks {
  readonly #parts: AsksParts
  readonly #open: OpenRequests<WireId, Reply>
  /** Asked by sub-agents, which may wait beyond the end of a turn. */
  readonly #bySubagents = new Set<WireId>()

  constructor(parts: AsksParts) {
    this.#parts = parts
    this.#open = new OpenRequests(parts.newId)
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Takes the request off the list; null when it is not on it.
   * @throws ProviderError (`bad_request`) when the answer does not fit; the request then stays open.
   */
  answer(request: RequestId, answer: Answer): { readonly key: WireId; readonly reply: Reply } | null {
    const taken = this.#open.answer(request, answer)
    if (taken !== null) this.#bySubagents.delete(taken.key)
    return taken
  }

  withdraw(id: WireId): void {
    this.#bySubagents.delete(id)
    this.#open.closed(id, "withdrawn")
  }

  /** @returns what sub-agents go on waiting for. */
  withdrawAll(record: AttemptRecord): readonly Waiting[] {
    return this.#open.withdrawAll(record).filter(({ key }) => this.#bySubagents.has(key))
  }

  /** The process is gone, and with it all that it waited for. */
  forget(): void {
    this.#open.withdrawAll()
    this.#bySubagents.clear()
  }

  askAgain(waiting: readonly Waiting[], record: AttemptRecord): void {
    for (const { key, ...asked } of waiting) this.#open.open(key, { ...asked, record })
  }

  take(id: WireId, request: Readonly<Record<string, unknown>>): void {
    switch (request.subtype) {
      case "can_use_tool":
        return this.#permission(id, CanUseTool.parse(request))
      case "elicitation":
        return this.#form(id, Elicitation.parse(request))
      default: {
        const named = String(request.subtype)
        this.#parts.refuse(id, `${named} is not supported`)
        this.#tell({ code: "request_unknown", agent: LABEL, request: firstLine(named) })
      }
    }
  }

  #permission(id: WireId, request: CanUseTool): void {
    const turn = this.#parts.working()
    const { workspace } = this.#parts
    const toolUse = request.tool_use_id
    const asking = askOf(request, { workspace, read: readText, inputOfCall: turn.inputOf(toolUse) })
    if (asking.kind === "deny") {
      this.#parts.respond(id, asking.verdict)
      return this.#tell(asking.reason)
    }
    const { body, verdict } = asking.ask
    if (request.agent_id) this.#bySubagents.add(id)
    this.#ask(id, turn, body, (answer) => {
      const made = verdict(answer)
      return made && { response: made, allows: made.behavior === "allow" ? toolUse : null }
    })
  }

  /** A form of an MCP server. One without fields asks only for leave; a page to open needs the machine. */
  #form(id: WireId, asked: Elicitation): void {
    const { message, mcp_server_name: server } = asked
    if ((asked.mode ?? "form") !== "form") {
      this.#parts.respond(id, { action: "decline" })
      return this.#tell({ code: "request_needs_machine", server: server || "MCP" })
    }
    const form = readForm(message, asked.requested_schema)
    const [first, ...rest] = formQuestions(form)
    const turn = this.#parts.working()
    if (first === undefined) return this.#ask(id, turn, leave(server, message), leaveGiven)
    this.#ask(id, turn, { kind: "question", questions: [first, ...rest] }, (answer) => {
      if (answer.kind === "dismissed") return told({ action: "cancel" })
      const content = formContent(form, answer)
      return content && told({ action: "accept", content })
    })
  }

  #ask(id: WireId, turn: Turn, body: RequestBody, translate: (answer: Answer) => Reply | null): void {
    this.#open.open(id, { record: turn.record, body, translate })
  }

  #tell(reason: Reason): void {
    this.#parts.current()?.record.notice({ code: "warning", detail: "", reason })
  }
}

function leave(server: string, message: string): RequestBody {
  return {
    kind: "approval",
    subject: "tool",
    title: server || "MCP",
    ...(message === "" ? {} : { reason: message }),
    origin: { mcpServer: server },
    options: [
      { id: "accept", effect: "allow_once" },
      { id: "decline", effect: "deny" },
    ],
    acceptsReason: false,
  }
}

function leaveGiven(answer: Answer): Reply | null {
  switch (answer.kind) {
    case "option":
      return told(answer.option === "accept" ? { action: "accept", content: {} } : { action: "decline" })
    case "dismissed":
      return told({ action: "cancel" })
    case "answers":
      return null
  }
}

function told(response: object): Reply {
  return { response, allows: null }
}
