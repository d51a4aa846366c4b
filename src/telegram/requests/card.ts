/** What a request looks like: everything needed to decide it, and the buttons that do. */
import { homedir } from "node:os"
import { assessRisk, type Risk } from "../../core/approval-risk.ts"
import { describePermission } from "../../core/permission-words.ts"
import type { RiskSay } from "../../core/texts/risk.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { FileChange, OptionEffect, RequestBody, RequestOption } from "../../protocol/session.ts"
import { closureOf } from "../../runtime/closure.ts"
import type { Offer } from "../../runtime/commands/action.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Button, Buttons } from "../delivery/payload.ts"
import type { Address } from "../places/address.ts"
import { renderMarkdown } from "../rendering/markdown.ts"
import {
  bold,
  code,
  concat,
  expandableQuote,
  join,
  pre,
  type Rich,
  type RichPart,
} from "../rendering/rich.ts"
import { splitRich } from "../rendering/split.ts"
import { clockTime } from "../words/owner-words.ts"
import { providerLabel } from "../words/provider-label.ts"
import { shortPath } from "../words/workspace-path.ts"
import { type Answering, questionAt } from "./questions.ts"

type Approval = Extract<RequestBody, { kind: "approval" }>
type Plan = Extract<RequestBody, { kind: "plan" }>

export interface CardContext {
  readonly ledger: Ledger
  readonly say: TelegramSay
  readonly sayRisk: RiskSay
  readonly session: Session
  readonly to: Address
  readonly out: Outgoing
}

export interface Card {
  readonly rich: Rich
  readonly buttons: Buttons
}

const COMMAND_SHOWN = 2_000
const DIFF_SHOWN = 1_200
const FILES_SHOWN = 8

/** Only inside a transaction: the buttons are stored actions. */
export function openCard(request: StoredRequest, answering: Answering, context: CardContext): Card {
  const { body } = request
  const content = open(body, answering, context)
  return { rich: oneMessage(content), buttons: buttonsOf(request, answering, context) }
}

/** The same card once it is decided: what it was, then who decided, where and when, unless `last` says otherwise. */
export function closedCard(
  request: StoredRequest,
  context: CardContext,
  last = decisionLine(request, context),
): Rich {
  const parts = [heading(request.body, context), subject(request.body, context), bold(last)]
  return oneMessage(
    join(
      parts.filter((part) => part !== ""),
      "\n",
    ),
  )
}

/** Why no answer is waited for any more, to follow a colon. */
export function wordClosure(request: StoredRequest, ledger: Ledger, say: TelegramSay): string {
  return say(`closure.${closureOf(ledger, request)}`)
}

function decisionLine(request: StoredRequest, { ledger, say }: CardContext): string {
  if (request.state === "closed" || !request.answer)
    return say("request.withdrawn", { why: wordClosure(request, ledger, say) })
  return answerLine(request, say)
}

/** Decided here, and of no effect. */
export function missedLine(request: StoredRequest, ledger: Ledger, say: TelegramSay): string {
  const why = wordClosure(request, ledger, say)
  return `${answerLine(request, say)}\n${say("request.gone", { why })}`
}

function answerLine(request: StoredRequest, say: TelegramSay): string {
  const by = request.answeredBy?.detail ?? ""
  const time = clockTime(request.closedAt ?? undefined)
  return say("request.by", { decision: decision(request, say), by, time })
}

export function decision({ body, answer }: StoredRequest, say: TelegramSay): string {
  if (!answer || answer.kind === "dismissed") return say("request.dismissed")
  if (answer.kind === "answers") {
    const secret = new Set(
      body.kind === "question" ? body.questions.filter((q) => q.secret).map((q) => q.id) : [],
    )
    const values = Object.entries(answer.answers).map(([id, given]) =>
      secret.has(id) ? "•••" : given.join(", "),
    )
    return `${say("request.answered")}: ${values.join(" / ")}`
  }
  const options = body.kind === "question" ? [] : body.options
  const chosen = options.find((option) => option.id === answer.option)
  const reason = answer.reason ? ` (${answer.reason})` : ""
  return chosen ? DECISIONS[chosen.effect](say) + reason : say("request.answered")
}

const DECISIONS: Readonly<Record<OptionEffect, (say: TelegramSay) => string>> = {
  allow_once: (say) => say("request.allowed"),
  allow_session: (say) => say("request.allowed_session"),
  allow_always: (say) => say("request.allowed_always"),
  deny: (say) => say("request.denied"),
  deny_stop: (say) => say("request.denied_stop"),
}

function open(body: RequestBody, answering: Answering, context: CardContext): Rich {
  switch (body.kind) {
    case "approval":
      return approval(body, context)
    case "plan":
      return concat(heading(body, context), "\n\n", renderMarkdown(body.markdown), hint(body, context))
    case "question":
      return question(body, answering, context)
  }
}

function heading(body: RequestBody, { say, session, ledger }: CardContext): Rich {
  const what = body.kind === "approval" ? say(`request.${body.subject}`) : say(`request.${body.kind}`)
  return bold(`${session.id} · ${providerLabel(ledger, session.provider)} ${what}`)
}

function subject(body: RequestBody, { session, say }: CardContext): RichPart {
  if (body.kind === "question") return body.questions.map((entry) => entry.text).join("\n")
  if (body.kind === "plan") return ""
  const wanted = (body.permissions ?? []).map((permission) => describePermission(permission, say))
  if (body.command !== undefined) {
    return join([...wanted, pre(shorten(body.command, COMMAND_SHOWN), "bash")], "\n")
  }
  return join(
    [
      wanted.join("\n") || body.title,
      ...fileList(body.changes ?? [], session),
      ...more(body.changes ?? [], say),
    ],
    "\n",
  )
}

function approval(body: Approval, context: CardContext): Rich {
  const { say } = context
  const { reason, cwd } = body
  const parts: readonly RichPart[] = [
    heading(body, context),
    subject(body, context),
    cwd && cwd !== context.session.workspace
      ? concat(say("request.where", { cwd: "" }), code(shortPath(cwd, context.session.workspace)))
      : "",
    reason ? say("request.reason", { reason }) : "",
    riskLine(body, context),
    diffs(body.changes ?? []),
    hint(body, context),
  ]
  return join(
    parts.filter((part) => part !== ""),
    "\n",
  )
}

function hint(body: Approval | Plan, { say }: CardContext): string {
  return body.acceptsReason ? `\n${say("request.reply_hint")}` : ""
}

function riskLine(body: Approval, context: CardContext): RichPart {
  const { say, sayRisk } = context
  const risk = riskOf(body, context.session)
  if (risk === null || risk.level === "low") return ""
  const level = risk.level === "high" ? say("request.risk_high") : say("request.risk_medium")
  return bold(
    `${risk.level === "high" ? "🔴" : "🟠"} ${level}: ${risk.reasons.map((reason) => sayRisk(reason)).join(", ")}`,
  )
}

/** Null when the request says nothing that could be judged. */
function riskOf({ command, changes, cwd }: Approval, session: Session): Risk | null {
  if (command === undefined && changes === undefined) return null
  return assessRisk({ command, changes, cwd, workspace: session.workspace, home: homedir() })
}

function fileList(changes: readonly FileChange[], { workspace }: Session): readonly Rich[] {
  const marks = { add: "+", update: "~", delete: "−", move: "→" } as const
  return changes
    .slice(0, FILES_SHOWN)
    .map(({ change, path }) => concat(`${marks[change]} `, code(shortPath(path, workspace))))
}

function more(changes: readonly FileChange[], say: TelegramSay): readonly string[] {
  const count = changes.length - FILES_SHOWN
  return count > 0 ? [say("request.files_more", { count })] : []
}

function diffs(changes: readonly FileChange[]): RichPart {
  const shown = changes.filter((change) => change.diff).slice(0, 3)
  if (shown.length === 0) return ""
  return expandableQuote(shown.map((change) => shorten(change.diff ?? "", DIFF_SHOWN)).join("\n\n"))
}

function question(
  body: Extract<RequestBody, { kind: "question" }>,
  answering: Answering,
  context: CardContext,
): Rich {
  const { say } = context
  const asked = questionAt(body, answering.index)
  if (!asked) return heading(body, context)
  const total = body.questions.length
  const options = asked.options.filter((option) => option.description)
  const parts: readonly RichPart[] = [
    heading(body, context),
    total > 1 ? say("request.progress", { number: answering.index + 1, total }) : "",
    asked.header ? bold(asked.header) : "",
    asked.text,
    join(
      options.map((option) => concat(bold(option.label), ` — ${option.description}`)),
      "\n",
    ),
    asked.multiple ? say("request.multiple") : "",
    asked.freeText ? `\n${say("request.reply_question")}` : "",
  ]
  return join(
    parts.filter((part) => part !== "" && (typeof part === "string" || part.text !== "")),
    "\n",
  )
}

function buttonsOf(request: StoredRequest, answering: Answering, context: CardContext): Buttons {
  const { body, id, version } = request
  if (body.kind === "question") return questionButtons(request, answering, context)
  return body.options.map((option) => {
    const answer = { kind: "option", option: option.id } as const
    return [
      context.out.button(
        context.to,
        optionLabel(option, body.kind, context.say),
        { of: "request", verb: "answer", session: request.session, args: { request: id, version, answer } },
        STYLES[option.effect],
      ),
    ]
  })
}

const STYLES: Readonly<Record<OptionEffect, Button["style"]>> = {
  allow_once: "success",
  allow_session: undefined,
  allow_always: undefined,
  deny: "danger",
  deny_stop: "danger",
}

function optionLabel(option: RequestOption, kind: "approval" | "plan", say: TelegramSay): string {
  if (option.label) return shorten(option.label, 60)
  if (kind === "plan") return planLabel(option.effect, say)
  switch (option.effect) {
    case "allow_once":
      return say("button.allow_once")
    case "allow_session":
      return option.scope
        ? `${say("button.allow_session")}: ${shorten(option.scope, 40)}`
        : say("button.allow_session")
    case "allow_always":
      return option.scope
        ? say("button.allow_always", { scope: shorten(option.scope, 40) })
        : say("button.allow_always_plain")
    case "deny":
      return say("button.deny")
    case "deny_stop":
      return say("button.deny_stop")
  }
}

/** An approval that lasts also covers what the plan leads to. */
function planLabel(effect: OptionEffect, say: TelegramSay): string {
  switch (effect) {
    case "allow_once":
      return say("button.plan_approve")
    case "allow_session":
    case "allow_always":
      return say("button.plan_approve_lasting")
    case "deny":
    case "deny_stop":
      return say("button.plan_keep")
  }
}

function questionButtons(
  request: StoredRequest,
  answering: Answering,
  { to, out, say }: CardContext,
): Buttons {
  const { body, id, version } = request
  const asked = body.kind === "question" ? questionAt(body, answering.index) : null
  if (!asked) return []
  const chosen = answering.given[asked.id] ?? []
  const common = { request: id, version, question: answering.index }
  const offer = (verb: "option" | "done", args: { option?: number } = {}): Offer => ({
    of: "request",
    verb,
    session: request.session,
    args: { ...common, ...args },
  })
  const options = asked.options.map((option, index) => {
    const mark = asked.multiple ? (chosen.includes(option.label) ? "☑ " : "☐ ") : ""
    return [out.button(to, shorten(mark + option.label, 60), offer("option", { option: index }))]
  })
  if (!asked.multiple) return options
  return [...options, [out.button(to, say("button.done"), offer("done"), "primary")]]
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`
}

/** One message: what does not fit is cut, and says so by its ellipsis. */
function oneMessage(content: Rich): Rich {
  const [first, ...more] = splitRich(content, { limit: 4_000 })
  if (!first) return content
  return more.length === 0 ? first : concat(first, "\n…")
}
