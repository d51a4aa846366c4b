/** Asks the owner what an agent wants to know, with prompts in the terminal. */
import type { Readable, Writable } from "node:stream"
import { confirm, isCancel, log, multiselect, note, password, select, text } from "@clack/prompts"
import { describePermission } from "../../core/permission-words.ts"
import { type CardOption, isDenial } from "../../core/request-card.ts"
import { shortText } from "../../core/short-text.ts"
import type { ChatSay } from "../../core/texts/chat.ts"
import { visibleText } from "../../core/visible-text.ts"
import type { RequestId } from "../../protocol/ids.ts"
import type { Answer, Question, RequestBody, RequestOption } from "../../protocol/session.ts"
import { harmless } from "../harmless.ts"
import { approvalCard, approvalLines, optionLine } from "./approval-lines.ts"

export interface OpenRequest {
  readonly id: RequestId
  readonly version: number
  readonly body: RequestBody
}

export interface Asking {
  readonly say: ChatSay
  /** Of the session that asks. */
  readonly workspace: string
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

/** What the request is about, as lines. @param workspace of its session. */
export function requestLines(body: RequestBody, say: ChatSay, workspace: string): readonly string[] {
  switch (body.kind) {
    case "approval":
      return [
        titleLine(body, say),
        ...whoLines(body, say),
        ...approvalLines(approvalCard(body, workspace), say),
      ]
    case "plan":
      return [say("request.plan"), harmless(body.markdown)]
    case "question":
      return body.questions.map((question) => harmless(question.text))
  }
}

type Approval = Extract<RequestBody, { kind: "approval" }>

const TITLE_SHOWN = 200

function titleLine({ title, permissions = [] }: Approval, say: ChatSay): string {
  const wanted = permissions.map((permission) => describePermission(permission, say)).join(", ")
  return say("request.approval", {
    title: harmless(shortText(visibleText(wanted || title).text, TITLE_SHOWN)),
  })
}

function whoLines({ origin }: Approval, say: ChatSay): readonly string[] {
  const { subagent, mcpServer } = origin ?? {}
  return [
    ...(subagent === undefined
      ? []
      : [say("request.who_subagent", { name: harmless(shortText(subagent, 60)) })]),
    ...(mcpServer === undefined
      ? []
      : [say("request.who_mcp", { server: harmless(shortText(mcpServer, 60)) })]),
  ]
}

type WithOptions = Extract<RequestBody, { kind: "approval" | "plan" }>

async function askOption(body: WithOptions, { say, workspace, ...io }: Asking): Promise<Answer | null> {
  const [title, ...lines] = requestLines(body, say, workspace)
  if (lines.length > 0) note(lines.join("\n"), title, io)
  else log.step(title ?? "", io)
  const card = body.kind === "approval" ? approvalCard(body, workspace) : null
  const offered = card?.options ?? body.options
  const choices = offered.map((one) => ({ value: one.id, label: optionLabel(one, say) }))
  // Keys meant for something else must not allow anything.
  const safe = offered.find(({ effect }) => isDenial(effect))?.id
  const option = await select({
    message: say("request.choose"),
    options: choices,
    ...(safe === undefined ? {} : { initialValue: safe }),
    ...io,
  })
  if (isCancel(option)) return null
  const chosen = card?.options.find((one) => one.id === option)
  if (chosen?.reach === "anything" || chosen?.reach === "unsaid") {
    const message = say("request.rule_sure", { option: optionLine(chosen, say) })
    const isSure = await confirm({ message, initialValue: false, ...io })
    if (isCancel(isSure)) return null
    if (!isSure) return await askOption(body, { say, workspace, ...io })
  }
  const effect = offered.find((one) => one.id === option)?.effect
  if (!body.acceptsReason || effect === undefined || !isDenial(effect)) return { kind: "option", option }
  const reason = await text({ message: say("request.say_why"), ...io })
  if (isCancel(reason)) return null
  return reason?.trim() ? { kind: "option", option, reason: reason.trim() } : { kind: "option", option }
}

/** Our verb first; what more there is to an approval's option stands in full above, under its number. */
function optionLabel(option: RequestOption | CardOption, say: ChatSay): string {
  const verb = say(`option.${option.effect}`)
  if ("number" in option) return option.number === null ? verb : `${verb} (${option.number})`
  const more = [option.label, option.scope].filter(Boolean).join(": ")
  return harmless(more === "" ? verb : `${verb} · ${more}`)
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
