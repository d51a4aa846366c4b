/** How a question of an agent looks: its words, its options, the buttons that choose them. */
import { shortText } from "../../core/short-text.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Question } from "../../protocol/session.ts"
import type { Offer } from "../../runtime/commands/action.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Buttons } from "../delivery/payload.ts"
import type { Address } from "../places/address.ts"
import { bold, concat, join, type RichPart } from "../rendering/rich.ts"
import { type Answering, type QuestionsBody, questionAt } from "./questions.ts"

/** UTF-16 units of a button that a phone shows without cutting it. */
const LABEL_SHOWN = 40

export function questionLines(
  body: QuestionsBody,
  answering: Answering,
  { say }: { readonly say: TelegramSay },
): readonly RichPart[] {
  const asked = questionAt(body, answering.index)
  if (!asked) return []
  const total = body.questions.length
  return [
    total > 1 ? say("request.progress", { number: answering.index + 1, total }) : "",
    asked.header ? bold(asked.header) : "",
    asked.text,
    join(optionLines(asked), "\n"),
    asked.multiple ? say("request.multiple") : "",
    asked.freeText ? `\n${say("request.reply_question")}` : "",
  ]
}

function optionLines(asked: Question): readonly RichPart[] {
  const isNumbered = needsNumbers(asked)
  return asked.options.flatMap(({ label, description }, index) => {
    if (!isNumbered && !description) return []
    const number = isNumbered ? `${index + 1}. ` : ""
    return [concat(number, bold(label), description ? ` — ${description}` : "")]
  })
}

/** Labels that buttons would cut, or cut to the same, stand in full on the card and have numbers. */
function needsNumbers({ options }: Question): boolean {
  const shown = options.map(({ label }) => shortText(label, LABEL_SHOWN))
  return options.some(({ label }) => label.length > LABEL_SHOWN) || new Set(shown).size < shown.length
}

export function questionButtons(
  { body, id, session, version }: StoredRequest,
  answering: Answering,
  { to, out, say }: { readonly to: Address; readonly out: Outgoing; readonly say: TelegramSay },
): Buttons {
  const asked = body.kind === "question" ? questionAt(body, answering.index) : null
  if (!asked) return []
  const chosen = answering.given[asked.id] ?? []
  const isNumbered = needsNumbers(asked)
  const common = { request: id, version, question: answering.index }
  const offer = (verb: "option" | "done", args: { option?: number } = {}): Offer => ({
    ...{ of: "request", verb, session },
    args: { ...common, ...args },
  })
  const options = asked.options.map(({ label }, index) => {
    const mark = asked.multiple ? (chosen.includes(label) ? "☑ " : "☐ ") : ""
    const words = `${mark}${isNumbered ? `${index + 1}. ` : ""}${shortText(label, LABEL_SHOWN)}`
    return [out.button(to, words, offer("option", { option: index }))]
  })
  if (!asked.multiple) return options
  return [...options, [out.button(to, say("button.done"), offer("done"), "primary")]]
}
