/** What Codex asks of its client, as requests to the owner, and his answers in Codex' words. */
import type { z } from "zod"
import type { Reason } from "../../protocol/reason.ts"
import type { Answer, FileChange, Permission, RequestBody, RequestOption } from "../../protocol/session.ts"
import { answerElicitation, DECLINED, readElicitation } from "./elicitation.ts"
import {
  CommandApproval,
  Elicitation,
  FileChangeApproval,
  PermissionsApproval,
  UserInputRequest,
} from "./incoming.ts"
import { itemId } from "./items.ts"
import type * as wire from "./protocol.generated.ts"
import { unwrapShell } from "./shell-command.ts"

/** A request as it is put to the owner, with the way back. */
export interface Question {
  readonly body: RequestBody
  /** The JSON-RPC result for an answer. */
  readonly respond: (answer: Answer) => object
}

export type ReadRequest =
  | { readonly kind: "question"; readonly question: Question }
  /** We know what is asked and cannot put it to the owner: say no, and say so. */
  | { readonly kind: "decline"; readonly result: object; readonly reason: Reason }
  | { readonly kind: "unsupported" }
  | { readonly kind: "malformed"; readonly error: z.ZodError }

type Reader = (params: unknown, changesOf: ChangesOf) => ReadRequest
/** The changes of a file-change item; its approval names only the item. */
export type ChangesOf = (item: string) => readonly FileChange[]

const readers: Readonly<Record<string, Reader>> = {
  "item/commandExecution/requestApproval": reading(CommandApproval, (asked) => ask(commandQuestion(asked))),
  "item/fileChange/requestApproval": reading(FileChangeApproval, (asked, changesOf) =>
    ask(fileChangeQuestion(asked, changesOf(asked.itemId))),
  ),
  "item/permissions/requestApproval": reading(PermissionsApproval, (asked) =>
    ask(permissionsQuestion(asked)),
  ),
  "item/tool/requestUserInput": reading(UserInputRequest, (asked) => ask(userInputQuestion(asked))),
  "mcpServer/elicitation/request": reading(Elicitation, elicitationRequest),
}

export function readRequest(method: string, params: unknown, changesOf: ChangesOf): ReadRequest {
  const reader = Object.hasOwn(readers, method) ? readers[method] : undefined
  return reader === undefined ? { kind: "unsupported" } : reader(params, changesOf)
}

function reading<S extends z.ZodType>(
  schema: S,
  read: (asked: z.infer<S>, changesOf: ChangesOf) => ReadRequest,
): Reader {
  return (params, changesOf) => {
    const parsed = schema.safeParse(params)
    return parsed.success ? read(parsed.data, changesOf) : { kind: "malformed", error: parsed.error }
  }
}

function ask(question: Question): ReadRequest {
  return { kind: "question", question }
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

function commandQuestion(asked: CommandApproval): Question {
  const command = asked.command === null ? null : unwrapShell(asked.command)
  const prefix = asked.proposedExecpolicyAmendment
  const rule: readonly RequestOption[] =
    prefix === null ? [] : [{ id: RULE, effect: "allow_always", scope: prefix.join(" ") }]
  const host = asked.networkApprovalContext?.host
  return {
    body: {
      kind: "approval",
      subject: host === undefined ? "command" : "permission",
      title: host === undefined ? (firstLine(command) ?? "A command") : `Network access to ${host}`,
      ...(host === undefined ? {} : { permissions: [{ kind: "network", host }] }),
      ...(command === null ? {} : { command }),
      ...(asked.cwd === null ? {} : { cwd: asked.cwd }),
      ...(asked.reason === null ? {} : { reason: asked.reason }),
      item: itemId(asked.itemId),
      options: [...ALLOW, ...rule, ...DENY],
      acceptsReason: true,
    },
    respond: (answer) => ({ decision: commandDecision(answer, prefix) }),
  }
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

function fileChangeQuestion(asked: FileChangeApproval, changes: readonly FileChange[]): Question {
  const [first, ...rest] = changes.map((change) => change.path)
  const title = first === undefined ? "Change files" : rest.length === 0 ? first : `${first} + ${rest.length}`
  return {
    body: {
      kind: "approval",
      subject: "file_change",
      title,
      changes,
      ...(asked.reason === null ? {} : { reason: asked.reason }),
      item: itemId(asked.itemId),
      options: [...ALLOW.map((option) => withScope(option, asked.grantRoot)), ...DENY],
      acceptsReason: true,
    },
    respond: (answer) => ({ decision: decision(answer) }) satisfies wire.FileChangeRequestApprovalResponse,
  }
}

function withScope(option: RequestOption, root: string | null): RequestOption {
  return root === null || option.effect !== "allow_session" ? option : { ...option, scope: root }
}

function permissionsQuestion(asked: PermissionsApproval): Question {
  const { network, fileSystem } = asked.permissions
  const wanted: readonly Permission[] = [
    ...(network?.enabled ? [{ kind: "network" } as const] : []),
    ...(fileSystem?.read ?? []).map((path) => ({ kind: "read", path }) as const),
    ...(fileSystem?.write ?? []).map((path) => ({ kind: "write", path }) as const),
  ]
  const granted: wire.GrantedPermissionProfile = {
    ...(network === null ? {} : { network }),
    ...(fileSystem === null ? {} : { fileSystem }),
  }
  return {
    body: {
      kind: "approval",
      subject: "permission",
      title: wanted.map(titleOf).join(", ") || "More permissions",
      ...(wanted.length === 0 ? {} : { permissions: wanted }),
      ...(asked.cwd === null ? {} : { cwd: asked.cwd }),
      ...(asked.reason === null ? {} : { reason: asked.reason }),
      item: itemId(asked.itemId),
      options: [...ALLOW, { id: "decline", effect: "deny" }],
      acceptsReason: true,
    },
    respond: (answer): wire.PermissionsRequestApprovalResponse => {
      const made = decision(answer)
      if (made === "acceptForSession") return { permissions: granted, scope: "session" }
      return { permissions: made === "accept" ? granted : {}, scope: "turn" }
    },
  }
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
  const body = readElicitation(asked)
  if (body !== null) return ask({ body, respond: (answer) => answerElicitation(asked, answer) })
  return {
    kind: "decline",
    result: DECLINED,
    reason: { code: "request_needs_machine", server: asked.serverName },
  }
}

function firstLine(text: string | null): string | null {
  return text === null ? null : (text.split("\n")[0] ?? text)
}
