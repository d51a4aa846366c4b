/** What an MCP server asks through Codex: leave to call a tool, leave for something else, or a form to fill in. */
import type { Answer, RequestBody } from "../../protocol/session.ts"
import { boundText, firstLine } from "../bounded-text.ts"
import { formContent, formQuestions, readForm } from "../form.ts"
import { type Showing, showing } from "../tool-subject.ts"
import type { Elicitation } from "./incoming-requests.ts"
import { LABEL } from "./program.ts"
import type * as wire from "./protocol.generated.ts"

type Response = wire.McpServerElicitationRequestResponse
type Hidden = Extract<Showing, { kind: "hidden" }>

export type ReadElicitation =
  | {
      readonly kind: "question"
      readonly body: RequestBody
      /** Null when the answer does not fit the form. */
      readonly respond: (answer: Answer) => Response | null
    }
  /** What cannot be asked from afar, such as a page to open on this machine. */
  | { readonly kind: "unanswerable" }
  | Hidden

export function readElicitation(asked: Elicitation): ReadElicitation {
  if (!["form", "openai/form", "openaiForm"].includes(asked.mode)) return { kind: "unanswerable" }
  const form = readForm(asked.message, asked.requestedSchema)
  const questions = formQuestions(form)
  if (questions.length === 0) return askLeave(asked)
  return {
    kind: "question",
    body: { kind: "question", questions },
    respond(answer) {
      if (answer.kind !== "answers") return respond("cancel", null)
      const content = formContent(form, answer)
      return content === null ? null : respond("accept", toJson(content))
    },
  }
}

/** A form without fields asks only for leave, as Codex does before it calls a tool that needs it. */
function askLeave({ serverName, message, _meta }: Elicitation): ReadElicitation {
  const isCall = _meta?.codex_approval_kind === "mcp_tool_call" || _meta?.tool_params !== undefined
  const shown = isCall
    ? showing({
        agent: LABEL,
        name: _meta?.tool_name ?? toolIn(message) ?? serverName,
        input: _meta?.tool_params,
      })
    : showing({ agent: LABEL, name: firstLine(message) && serverName, input: undefined })
  if (shown.kind === "hidden") return shown
  const kept = _meta?.persist ?? []
  const reason = boundText(message).text
  return {
    kind: "question",
    body: {
      kind: "approval",
      ...shown.body,
      ...(reason === "" ? {} : { reason }),
      origin: { mcpServer: serverName },
      options: [
        { id: "accept", effect: "allow_once" },
        ...(kept.includes("session") ? [{ id: "session", effect: "allow_session" } as const] : []),
        ...(kept.includes("always") ? [{ id: "always", effect: "allow_always" } as const] : []),
        { id: "decline", effect: "deny" },
        { id: "cancel", effect: "deny_stop" },
      ],
      acceptsReason: false,
    },
    respond: (answer) => (answer.kind === "option" ? confirm(answer.option) : respond("cancel", null)),
  }
}

/** Older versions name the tool in their sentence only. */
function toolIn(message: string): string | undefined {
  return /run tool "([^"]+)"/u.exec(message)?.[1]
}

function confirm(option: string): Response {
  switch (option) {
    case "accept":
      return respond("accept", {})
    case "session":
    case "always":
      return { ...respond("accept", {}), _meta: { persist: option } }
    case "cancel":
      return respond("cancel", null)
    default:
      return respond("decline", null)
  }
}

export const DECLINED: Response = respond("decline", null)

function respond(action: wire.McpServerElicitationAction, content: wire.JsonValue): Response {
  return { action, content, _meta: null }
}

function toJson(content: NonNullable<ReturnType<typeof formContent>>): { [key: string]: wire.JsonValue } {
  return Object.fromEntries(
    Object.entries(content).map(([id, value]) => [id, typeof value === "object" ? [...value] : value]),
  )
}
