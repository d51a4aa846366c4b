/** What Codex asks of its client, as requests to the owner, and his answers in Codex' words. */
import type { z } from "zod"
import type { Reason } from "../../protocol/reason.ts"
import type { Answer, FileChange, Permission, RequestBody, RequestOption } from "../../protocol/session.ts"
import { itemId } from "../ids.ts"
import { type Showing, showing } from "../tool-subject.ts"
import { DECLINED, readElicitation } from "./elicitation.ts"
import {
  CommandApproval,
  Elicitation,
  FileChangeApproval,
  type PermissionProfile,
  PermissionsApproval,
  UserInputRequest,
} from "./incoming-requests.ts"
import { LABEL } from "./program.ts"
import type * as wire from "./protocol.generated.ts"
import { unwrapShell } from "./shell-command.ts"

/** A request as it is put to the owner, with the way back. */
export interface Question {
  readonly body: RequestBody
  /** The JSON-RPC result for an answer; null when the answer does not fit. */
  readonly respond: (answer: Answer) => object | null
}

export type ReadRequest =
  | { readonly kind: "question"; readonly question: Question }
  /** We know what is asked and cannot put it to the owner: say no, and say so. */
  | { readonly kind: "decline"; readonly result: object; readonly reason: Reason }
  | { readonly kind: "unsupported" }
  | { readonly kind: "malformed"; readonly error: z.ZodError }

/** What is known of who asks. */
export interface Asker {
  /** The changes of a file-change item; its approval names only the item. */
  readonly changesOf: (item: string) => readonly FileChange[]
  /** The sub-agent's name; null for the session's own agent, whose items the owner is shown. */
  readonly subagent: string | null
}

type Reader = (params: unknown, asker: Asker) => ReadRequest

const readers: Readonly<Record<string, Reader>> = {
  "item/commandExecution/requestApproval": reading(CommandApproval, commandRequest),
  "item/fileChange/requestApproval": reading(FileChangeApproval, fileChangeRequest),
  "item/permissions/requestApproval": reading(PermissionsApproval, permissionsRequest),
  "item/tool/requestUserInput": reading(UserInputRequest, (asked) => ask(userInputQuestion(asked))),
  "mcpServer/elicitation/request": reading(Elicitation, elicitationRequest),
}

export function readRequest(method: string, params: unknown, asker: Asker): ReadRequest {
  const reader = Object.hasOwn(readers, method) ? readers[method] : undefined
  const read = reader === undefined ? { kind: "unsupported" as const } : reader(params, asker)
  return read.kind === "question" ? ask(signed(read.question, asker)) : read
}

/** An item of a sub-agent is told to nobody, so an approval cannot point to it. */
function signed(question: Question, { subagent }: Asker): Question {
  const { body } = question
  if (subagent === null || body.kind !== "approval") return question
  const { item: _, ...shown } = body
  return { ...question, body: { ...shown, origin: { ...body.origin, subagent } } }
}

function reading<S extends z.ZodType>(
  schema: S,
  read: (asked: z.infer<S>, asker: Asker) => ReadRequest,
): Reader {
  return (params, asker) => {
    const parsed = schema.safeParse(params)
    return parsed.success ? read(parsed.data, asker) : { kind: "malformed", error: parsed.error }
  }
}

function ask(question: Question): ReadRequest {
  return { kind: "question", question }
}

function hidden({ reason }: Extract<Showing, { kind: "hidden" }>, result: object): ReadRequest {
  return { kind: "decline", result, reason }
}

const DENY: readonly RequestOption[] = [
  { id: "decline", effect: "deny" },
  { id: "cancel", effect: "deny_stop" },
]
const ALLOW: readonly RequestOption[] = [
  { id: "accept", effect: "allow_once" },
  { id: "acceptForSession", effect: "allow_session" },
]
const RULE = "acceptWithRule"

function commandRequest(asked: CommandApproval): ReadRequest {
  const host = asked.networkApprovalContext?.host
  const command = asked.command === null ? "" : unwrapShell(asked.command)
  const extra = asked.additionalPermissions
  const more = extra === null ? [] : wantedOf(extra)
  const about = {
    ...(asked.reason === null ? {} : { reason: asked.reason }),
    ...(asked.itemId === "" ? {} : { item: itemId(asked.itemId) }),
  }
  const prefix = asked.proposedExecpolicyAmendment
  const rule: readonly RequestOption[] =
    prefix === null ? [] : [{ id: RULE, effect: "allow_always", scope: prefix.join(" ") }]
  const options = [...ALLOW, ...rule, ...DENY]
  const input = {
    command,
    ...(asked.cwd === null ? {} : { cwd: asked.cwd }),
    ...(extra?.fileSystem?.entries ? { permissions: extra } : {}),
  }
  const name = host === undefined ? "" : `Network access to ${host}`
  const shown = showing({ agent: LABEL, name, input: command.trim() === "" ? undefined : input })
  if (shown.kind === "hidden") return hidden(shown, { decision: "decline" })
  const permissions = host === undefined ? more : [{ kind: "network", host } as const, ...more]
  return ask({
    body: {
      kind: "approval",
      ...shown.body,
      ...(host === undefined ? {} : { subject: "permission", title: `Network access to ${host}` }),
      ...(permissions.length === 0 ? {} : { permissions }),
      ...{ ...about, options, acceptsReason: true },
    },
    respond: (answer) => ({ decision: commandDecision(answer, prefix) }),
  })
}

function commandDecision(
  answer: Answer,
  prefix: readonly string[] | null,
): wire.CommandExecutionApprovalDecision {
  if (answer.kind === "option" && answer.option === RULE && prefix !== null) {
    return { acceptWithExecpolicyAmendment: { execpolicy_amendment: [...prefix] } }
  }
  return decision(answer)
}

/** Anything but a clear yes is a no. */
function decision(answer: Answer): wire.FileChangeApprovalDecision {
  if (answer.kind !== "option") return "decline"
  switch (answer.option) {
    case "accept":
    case "acceptForSession":
    case "cancel":
      return answer.option
    default:
      return "decline"
  }
}

function fileChangeRequest(asked: FileChangeApproval, { changesOf }: Asker): ReadRequest {
  const changes = changesOf(asked.itemId)
  const shown = showing({ agent: LABEL, name: "apply_patch", input: undefined, changes })
  if (shown.kind === "hidden" || changes.length === 0) {
    const reason = { code: "approval_empty", agent: LABEL, tool: "apply_patch" } as const
    return { kind: "decline", result: { decision: "decline" }, reason }
  }
  return ask({
    body: {
      kind: "approval",
      ...shown.body,
      ...(asked.reason === null ? {} : { reason: asked.reason }),
      item: itemId(asked.itemId),
      options: [...ALLOW.map((option) => withScope(option, asked.grantRoot)), ...DENY],
      acceptsReason: true,
    },
    respond: (answer) => ({ decision: decision(answer) }) satisfies wire.FileChangeRequestApprovalResponse,
  })
}

function withScope(option: RequestOption, root: string | null): RequestOption {
  return root === null || option.effect !== "allow_session" ? option : { ...option, scope: root }
}

const NOTHING_GRANTED: wire.PermissionsRequestApprovalResponse = { permissions: {}, scope: "turn" }

function permissionsRequest(asked: PermissionsApproval): ReadRequest {
  const { network, fileSystem } = asked.permissions
  const wanted = wantedOf(asked.permissions)
  const shown = showing({ agent: LABEL, name: wanted.map(titleOf).join(", "), input: undefined })
  if (shown.kind === "hidden") return hidden(shown, NOTHING_GRANTED)
  // Only what is shown is granted.
  const granted: wire.GrantedPermissionProfile = {
    ...(network === null ? {} : { network: { enabled: network.enabled } }),
    ...(fileSystem === null ? {} : { fileSystem: { read: fileSystem.read, write: fileSystem.write } }),
  }
  return ask({
    body: {
      kind: "approval",
      ...shown.body,
      subject: "permission",
      permissions: wanted,
      ...(asked.cwd === null ? {} : { cwd: asked.cwd }),
      ...(asked.reason === null ? {} : { reason: asked.reason }),
      ...(asked.itemId === "" ? {} : { item: itemId(asked.itemId) }),
      options: [...ALLOW, { id: "decline", effect: "deny" }],
      acceptsReason: true,
    },
    respond: (answer): wire.PermissionsRequestApprovalResponse => {
      const made = decision(answer)
      if (made === "acceptForSession") return { permissions: granted, scope: "session" }
      return made === "accept" ? { permissions: granted, scope: "turn" } : NOTHING_GRANTED
    },
  })
}

function wantedOf({ network, fileSystem }: PermissionProfile): readonly Permission[] {
  return [
    ...(network?.enabled ? [{ kind: "network" } as const] : []),
    ...(fileSystem?.read ?? []).map((path) => ({ kind: "read", path }) as const),
    ...(fileSystem?.write ?? []).map((path) => ({ kind: "write", path }) as const),
  ]
}

function titleOf(permission: Permission): string {
  return permission.kind === "network" ? "network access" : `${permission.kind} ${permission.path}`
}

function userInputQuestion(asked: UserInputRequest): Question {
  return {
    body: {
      kind: "question",
      questions: asked.questions.map((question) => ({
        id: question.id,
        ...(question.header === "" ? {} : { header: question.header }),
        text: question.question,
        options: (question.options ?? []).map(({ label, description }) => ({
          label,
          ...(description === "" ? {} : { description }),
        })),
        multiple: false,
        freeText: question.isOther || question.options === null,
        ...(question.isSecret ? { secret: true } : {}),
      })),
    },
    respond: (answer): wire.ToolRequestUserInputResponse => {
      const given = answer.kind === "answers" ? Object.entries(answer.answers) : []
      return { answers: Object.fromEntries(given.map(([id, answers]) => [id, { answers }])) }
    },
  }
}

function elicitationRequest(asked: Elicitation): ReadRequest {
  const read = readElicitation(asked)
  switch (read.kind) {
    case "question":
      return ask({ body: read.body, respond: read.respond })
    case "hidden":
      return hidden(read, DECLINED)
    case "unanswerable":
      return {
        kind: "decline",
        result: DECLINED,
        reason: { code: "request_needs_machine", server: asked.serverName },
      }
  }
}
