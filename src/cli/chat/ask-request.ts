/** Asks the owner what an agent wants to know, with prompts in the terminal. */
import type { Readable, Writable } from "node:stream"
import { isCancel, log, multiselect, note, password, select, text } from "@clack/prompts"
import { describePermission } from "../../core/permission-words.ts"
import type { ChatSay } from "../../core/texts/chat.ts"
import type { RequestId } from "../../protocol/ids.ts"
import type { Answer, Question, RequestBody, RequestOption } from "../../protocol/session.ts"
import { harmless } from "../harmless.ts"

export interface OpenRequest {
  readonly id: RequestId
  readonly version: number
  readonly body: RequestBody
}

export interface Asking {
  readonly say: ChatSay
  /** Aborts when the request was answered elsewhere. */
  readonly signal: AbortSignal
  /** The terminal that is asked in. */
  readonly input: Readable
  readonly output: Writable
}

/** Null: the owner pressed Ctrl-C, or the request went away. */
export async function askRequest(request: OpenRequest, asking: Asking): Promise<Answer | null> {
  const { body } = request
  switch (body.kind) {
    case "approval":
    case "plan":
      return await askOption(body, asking)
    case "question":
      return await askQuestions(body.questions, asking)
  }
}

/** What the request is about, as lines. */
export function requestLines(body: RequestBody, say: ChatSay): readonly string[] {
  switch (body.kind) {
    case "approval":
      return [
        say("request.approval", { title: harmless(titleOf(body, say)) }),
        ...(body.command && body.command !== body.title ? [`$ ${harmless(body.command)}`] : []),
        ...(body.cwd ? [say("request.in_directory", { cwd: harmless(body.cwd) })] : []),
        ...(body.reason ? [say("request.reason", { reason: harmless(body.reason) })] : []),
        ...(body.changes ?? []).flatMap((change) => [
          `✎ ${harmless(change.path)}`,
          harmless(change.diff ?? ""),
        ]),
      ].filter((line) => line !== "")
    case "plan":
      return [say("request.plan"), harmless(body.markdown)]
    case "question":
      return body.questions.map((question) => harmless(question.text))
  }
}

function titleOf(
  { title, permissions = [] }: Extract<RequestBody, { kind: "approval" }>,
  say: ChatSay,
): string {
  return permissions.map((permission) => describePermission(permission, say)).join(", ") || title
}

type WithOptions = Extract<RequestBody, { kind: "approval" | "plan" }>

async function askOption(body: WithOptions, { say, ...io }: Asking): Promise<Answer | null> {
  const [title, ...lines] = requestLines(body, say)
  if (lines.length > 0) note(lines.join("\n"), title, io)
  else log.step(title ?? "", io)
  const option = await select({
    message: say("request.choose"),
    options: body.options.map((one) => ({ value: one.id, label: optionLabel(one, say) })),
    ...io,
  })
  if (isCancel(option)) return null
  const effect = body.options.find((one) => one.id === option)?.effect
  if (!body.acceptsReason || (effect !== "deny" && effect !== "deny_stop")) return { kind: "option", option }
  const reason = await text({ message: say("request.say_why"), ...io })
  if (isCancel(reason)) return null
  return reason?.trim() ? { kind: "option", option, reason: reason.trim() } : { kind: "option", option }
}

function optionLabel(option: RequestOption, say: ChatSay): string {
  const label = option.label ?? say(`option.${option.effect}`)
  return harmless(option.scope ? `${label}: ${option.scope}` : label)
}

async function askQuestions(questions: readonly Question[], asking: Asking): Promise<Answer | null> {
  const answers: Record<string, string[]> = {}
  for (const question of questions) {
    const answer = await askQuestion(question, asking)
    if (answer === null) return null
    answers[question.id] = answer
  }
  return { kind: "answers", answers }
}

/** Stands for the owner's own words; no option of an agent is an empty string. */
const ownWords = ""

async function askQuestion(question: Question, asking: Asking): Promise<string[] | null> {
  const { say, ...io } = asking
  const { header, text: words } = question
  const message = harmless(header && !words.includes(header) ? `${header}\n${words}` : words)
  if (question.options.length === 0) return await askFreely(message, question, asking)
  const options = [
    ...question.options.map(({ label, description }) => ({
      value: label,
      label: harmless(label),
      ...(description ? { hint: harmless(description) } : {}),
    })),
    ...(question.freeText ? [{ value: ownWords, label: say("request.own_answer") }] : []),
  ]
  const chosen = question.multiple
    ? await multiselect({ message, options, required: true, ...io })
    : await select({ message, options, ...io })
  if (isCancel(chosen)) return null
  const labels = Array.isArray(chosen) ? chosen : [chosen]
  if (!labels.includes(ownWords)) return labels
  const own = await askFreely(say("request.type"), question, asking)
  return own === null ? null : [...labels.filter((label) => label !== ownWords), ...own]
}

async function askFreely(message: string, question: Question, asking: Asking): Promise<string[] | null> {
  const { signal, input, output } = asking
  const io = { signal, input, output }
  const answer = question.secret ? await password({ message, ...io }) : await text({ message, ...io })
  return isCancel(answer) ? null : [answer ?? ""]
}
