/** What a request looks like: everything needed to decide it, and the buttons that do. */
import { isDenial, type RequestCard, type Section, shortened } from "../../core/request-card.ts"
import { shortText } from "../../core/short-text.ts"
import type { RiskSay } from "../../core/texts/risk.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Answer, OptionEffect, RequestBody } from "../../protocol/session.ts"
import { approvalCard } from "../../runtime/approval-card.ts"
import { closureOf } from "../../runtime/closure.ts"
import type { Offer } from "../../runtime/commands/action.ts"
import { providerLabel } from "../../runtime/provider-label.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Button, Buttons } from "../delivery/payload.ts"
import type { Address } from "../places/address.ts"
import { renderMarkdown } from "../rendering/markdown.ts"
import { bold, concat, join, type Rich, type RichPart } from "../rendering/rich.ts"
import { splitRich } from "../rendering/split.ts"
import { clockTime } from "../words/owner-words.ts"
import { effectWords, sectionRich, sectionText } from "./approval-view.ts"
import { questionButtons, questionLines } from "./question-view.ts"
import type { Answering } from "./questions.ts"

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

/** UTF-16 units of the message, which leaves room for a mark of a repeated send. */
const CARD_LIMIT = 3_900
/** Units a section may take, tried in turn until the card fits; the first cuts nothing that could fit. */
const ROOMS = [3_600, 2_000, 1_200, 600, 300, 150] as const
/** A decided card still says what it was about. */
const CLOSED_ROOM = 600

/** Whether the owner has seen all of it: on the card itself, or in a file that was sent before it. */
export type Seen = "on_card" | "in_file" | "not_sent"

/** What is longer than a card, whole, for a file; null when the card shows it all. */
export function wholeText(request: StoredRequest, context: CardContext): string | null {
  const { body } = request
  switch (body.kind) {
    case "approval": {
      const { sections } = cardOf(body, context)
      if (!fitted(body, sections, context).isCut) return null
      const texts = sections.map((section) => sectionText(section, viewOf(context)))
      return [heading(body, context).text, ...texts].join("\n\n")
    }
    case "plan":
      return splitRich(planContent(body, context), { limit: CARD_LIMIT }).length > 1 ? body.markdown : null
    case "question":
      return null
  }
}

/** Only inside a transaction: the buttons are stored actions. */
export function openCard(
  request: StoredRequest,
  { answering, seen }: { readonly answering: Answering; readonly seen: Seen },
  context: CardContext,
): Card {
  const { body } = request
  switch (body.kind) {
    case "approval": {
      const card = cardOf(body, context)
      const { rich } = fitted(body, card.sections, context)
      return {
        rich: concat(rich, ending(body, seen, context)),
        buttons: approvalButtons(request, card, seen, context),
      }
    }
    case "plan": {
      const [first = planContent(body, context)] = splitRich(planContent(body, context), {
        limit: CARD_LIMIT,
      })
      return {
        rich: concat(first, ending(body, seen, context)),
        buttons: planButtons(request, seen, context),
      }
    }
    case "question":
      return {
        rich: oneMessage(lines([heading(body, context), ...questionLines(body, answering, context)])),
        buttons: questionButtons(request, answering, context),
      }
  }
}

/** The same card once it is decided: what it was, then who decided, where and when, unless `last` says otherwise. */
export function closedCard(
  request: StoredRequest,
  context: CardContext,
  last = decisionLine(request, context),
): Rich {
  return oneMessage(lines([heading(request.body, context), ...subject(request.body, context), bold(last)]))
}

/** Why no answer is waited for any more, to follow a colon. */
export function wordClosure(request: StoredRequest, ledger: Ledger, say: TelegramSay): string {
  return say(`closure.${closureOf(ledger, request)}`)
}

export function decisionLine(request: StoredRequest, { ledger, say }: CardContext): string {
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

function heading(body: RequestBody, { say, session, ledger }: CardContext): Rich {
  const agent = providerLabel(ledger, session.provider)
  const kind = body.kind === "approval" ? body.subject : body.kind
  return bold(`${session.id} · ${say(`request.${kind}`, { who: whoAsks(body, agent, say) })}`)
}

/** The agent, and in whose name or through what it asks. */
function whoAsks(body: RequestBody, agent: string, say: TelegramSay): string {
  const { subagent, mcpServer } = (body.kind === "approval" ? body.origin : undefined) ?? {}
  const named =
    subagent === undefined ? agent : say("request.who_subagent", { agent, name: shortText(subagent, 60) })
  return mcpServer === undefined
    ? named
    : say("request.who_mcp", { agent: named, server: shortText(mcpServer, 60) })
}

function cardOf(body: Approval, { session }: CardContext): RequestCard {
  return approvalCard(body, session)
}

const viewOf = ({ say, sayRisk, session }: CardContext) => ({ say, sayRisk, workspace: session.workspace })

/** With as much of each section as one message holds. */
function fitted(
  body: Approval,
  sections: readonly Section[],
  context: CardContext,
): { readonly rich: Rich; readonly isCut: boolean } {
  for (const room of ROOMS) {
    const short = shortened(sections, room)
    const rich = lines([
      heading(body, context),
      ...short.sections.map((section) => sectionRich(section, viewOf(context))),
    ])
    if (rich.text.length <= CARD_LIMIT - ENDING_ROOM) return { rich, isCut: short.isCut }
  }
  // More options and paths than fit in any way: the file has them, and the risk stands first.
  return { rich: oneMessage(lines([heading(body, context), ...riskFirst(sections, context)])), isCut: true }
}

/** UTF-16 units for what follows the sections. */
const ENDING_ROOM = 300

function riskFirst(sections: readonly Section[], context: CardContext): readonly RichPart[] {
  const short = shortened(sections, ROOMS[ROOMS.length - 1] ?? 0).sections
  return short
    .filter(({ kind }) => kind !== "options")
    .map((section) => sectionRich(section, viewOf(context)))
}

/** What a decided card keeps of what it asked. */
function subject(body: RequestBody, context: CardContext): readonly RichPart[] {
  if (body.kind === "question") return [body.questions.map((entry) => entry.text).join("\n")]
  if (body.kind === "plan") return []
  const kept = new Set<Section["kind"]>(["permissions", "command", "title", "files"])
  const sections = cardOf(body, context).sections.filter(({ kind }) => kept.has(kind))
  return shortened(sections, CLOSED_ROOM).sections.map((section) => sectionRich(section, viewOf(context)))
}

function planContent(body: Plan, context: CardContext): Rich {
  return concat(heading(body, context), "\n\n", renderMarkdown(body.markdown))
}

/** What the owner can do here besides the buttons, and what they cannot. */
function ending(body: Approval | Plan, seen: Seen, { say }: CardContext): Rich {
  const notes = [
    ...(seen === "in_file" ? [bold(say("request.in_file"))] : []),
    ...(seen === "not_sent" ? [bold(say("request.not_sent"))] : []),
    ...(body.acceptsReason
      ? [say(body.kind === "plan" ? "request.reply_hint_plan" : "request.reply_hint")]
      : []),
  ]
  return notes.length === 0 ? concat("") : concat("\n\n", join(notes, "\n"))
}

function lines(parts: readonly RichPart[]): Rich {
  return join(
    parts.filter((part) => (typeof part === "string" ? part : part.text) !== ""),
    "\n",
  )
}

function approvalButtons(
  request: StoredRequest,
  card: RequestCard,
  seen: Seen,
  { out, to, say }: CardContext,
): Buttons {
  const offered = card.options.filter(({ effect }) => seen !== "not_sent" || isDenial(effect))
  return offered.map(({ id: option, effect, number, reach }) => {
    const words = effectWords(effect, say)
    const confirm = reach === "anything" || reach === "unsaid"
    const label = number === null ? words : say("button.numbered", { label: words, number })
    const answer = { kind: "option", option } as const
    return [out.button(to, label, answerOffer(request, answer, confirm), STYLES[effect])]
  })
}

function planButtons(request: StoredRequest, seen: Seen, { out, to, say }: CardContext): Buttons {
  const { body } = request
  const options = body.kind === "plan" ? body.options : []
  return options
    .filter(({ effect }) => seen !== "not_sent" || isDenial(effect))
    .map(({ id: option, effect, label }, index, all) => {
      const isTwice =
        all.filter((other) => planLabel(other.effect, say) === planLabel(effect, say)).length > 1
      const called = label ? ` · ${shortText(label, 40)}` : ""
      const words = `${planLabel(effect, say)}${isTwice ? ` (${index + 1})` : ""}${called}`
      const answer = { kind: "option", option } as const
      return [out.button(to, words, answerOffer(request, answer), STYLES[effect])]
    })
}

/** A button that gives this answer to what the card shows now; or, with `confirm`, asks whether it is meant. */
export function answerOffer({ id, session, version }: StoredRequest, answer: Answer, confirm = false): Offer {
  const args = { request: id, version, answer, ...(confirm ? { confirm } : {}) }
  return { of: "request", verb: "answer", session, args, once: !confirm }
}

const STYLES: Readonly<Record<OptionEffect, Button["style"]>> = {
  allow_once: "success",
  allow_session: undefined,
  allow_always: undefined,
  deny: "danger",
  deny_stop: "danger",
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

/** One message: what does not fit is cut, and says so by its ellipsis. */
function oneMessage(content: Rich): Rich {
  const [first, ...more] = splitRich(content, { limit: 4_000 })
  if (!first) return content
  return more.length === 0 ? first : concat(first, "\n…")
}
