/** Cards to choose from: one paged list of options, one question whether the owner is sure. */
import { shortText } from "../../core/short-text.ts"
import { CONFIRMATION_LIFETIME_MS, type Offer } from "./action.ts"
import type { Call, Choice, CommandName } from "./command.ts"
import type { Words } from "./words.ts"

export interface Option {
  /** The arguments with which the command is called when this is chosen. */
  readonly args: Readonly<Record<string, string>>
  readonly label: string
  readonly isCurrent?: boolean
  /** Of an option that is about another session than the card. */
  readonly of?: CommandName
}

export interface Picking {
  readonly command: CommandName
  readonly title: Words | string
  readonly options: readonly Option[]
  /** The arguments that led to this card: those that its other pages need. */
  readonly args?: Readonly<Record<string, string | boolean>>
}

/** Under a thumb, and far below what Telegram takes in one message. */
const PAGE = 10
/** Telegram shows some 40 characters of a button. */
const LABEL = 60

/** Only inside an effect. */
export function pick(call: Call, { command, title, options, args = {} }: Picking): void {
  const { say } = call
  const session = call.session?.id ?? null
  const pages = Math.max(1, Math.ceil(options.length / PAGE))
  const page = Math.min(Math.max(0, call.page), pages - 1)
  const rows = options
    .slice(page * PAGE, (page + 1) * PAGE)
    .map((option): readonly Choice[] => [
      { label: labelOf(option), does: { of: option.of ?? command, verb: "run", args: option.args, session } },
    ])
  const turning = (label: string, to: number): Choice => ({
    label,
    does: { of: command, verb: "run", args: { ...args, [PAGE_ARG]: to }, session, once: false },
  })
  const turns = [
    ...(page > 0 ? [turning(say("button.page_back", { page, pages }), page - 1)] : []),
    ...(page < pages - 1 ? [turning(say("button.page_on", { page: page + 2, pages }), page + 1)] : []),
  ]
  call.reply({ words: title, choices: turns.length > 0 ? [...rows, turns] : rows })
}

function labelOf({ label, isCurrent }: Option): string {
  return shortText(isCurrent ? `✓ ${label}` : label, LABEL)
}

/** Where the page is kept among the stored arguments. */
export const PAGE_ARG = "page#"

export interface Confirming {
  readonly command: CommandName
  readonly words: Words | string
  readonly args: Readonly<Record<string, string>>
}

/** Asks once more. The answer holds for this session and these arguments, once, and for minutes. Only inside an effect. */
export function confirm(call: Call, { command, words, args }: Confirming): void {
  const session = call.session?.id ?? null
  const lasts = { session, lastsMs: CONFIRMATION_LIFETIME_MS }
  const yes: Offer = { of: command, verb: "confirmed", args, ...lasts }
  const no: Offer = { of: command, verb: "run", args: {}, ...lasts }
  call.reply({
    words,
    choices: [
      [{ label: call.say("button.confirm"), does: yes, style: "danger" }],
      [{ label: call.say("button.cancel"), does: no }],
    ],
  })
}
