/** Whether the promise held, looked at from outside: in the chats, and in what the agents wrote down. */
import type { Message } from "grammy/types"
import type { World } from "../world.ts"
import type { Owner, Sent } from "./owner.ts"

export interface Verdict {
  readonly prompts: number
  readonly answered: number
  /** Ended with a stated reason that something gave cause for: a host or an agent that died, the prompt's own words. */
  readonly explained: number
  /** Taken back by the owner before an agent answered. */
  readonly takenBack: number
  readonly resent: number
  /** Each one is a broken promise. */
  readonly faults: readonly string[]
}

export interface Evidence {
  readonly world: World
  readonly owner: Owner
  /** When a host or an agent was killed, on the monotonic clock. */
  readonly deaths: readonly number[]
}

/** What the owner was told about a prompt, where it came from: its answer, or why there is none. */
export function outcomesOf(sent: Sent): readonly string[] {
  if (sent.message === null) return sent.told === null ? [] : [sent.told]
  return sent.chat
    .messages()
    .filter((seen) => seen.from?.is_bot)
    .filter((seen) => isAnswer(sent, seen.text) || isReason(sent, seen))
    .map(({ text = "" }) => text)
}

export function judge(evidence: Evidence): Verdict {
  const { world, owner } = evidence
  const consumed = world.consumed()
  const faults: string[] = []
  const count = { answered: 0, explained: 0, takenBack: 0, resent: 0 }
  for (const sent of owner.sent) {
    const runs = consumed.filter(({ text }) => isOf(sent, text))
    const outcomes = outcomesOf(sent)
    const answers = outcomes.filter((text) => isAnswer(sent, text))
    const marked = answers.filter((text) => text.includes("(resent)"))
    count.resent += marked.length
    if (runs.length > 1) faults.push(`${named(sent)} was run ${runs.length} times`)
    if (answers.length - marked.length > 1) faults.push(`${named(sent)} was answered twice without a mark`)
    if (answers.length > 0) {
      count.answered += 1
      if (runs.length === 0) faults.push(`${named(sent)} was answered and never run`)
      faults.push(...staleWords(sent, runs.at(-1)?.text ?? ""))
    } else if (outcomes.length === 0) faults.push(`${named(sent)} was left without an answer or a reason`)
    else if (wasTakenBack(owner, sent)) count.takenBack += 1
    else {
      count.explained += 1
      if (!hasCause(evidence, sent))
        faults.push(`${named(sent)} has no answer, and nothing that excuses it: ${said(outcomes)}`)
    }
  }
  return { prompts: owner.sent.length, ...count, faults: [...faults, ...refusedCalls(world)] }
}

const isAnswer = ({ tag }: Sent, text = ""): boolean => text.includes(`echo: ${tag}`)

/** A reply to the prompt that says why, or a note that quotes it. */
function isReason({ tag, message, manner }: Sent, seen: Message): boolean {
  const { text = "", reply_to_message } = seen
  const isThere = seen.message_thread_id === message?.message_thread_id
  if (manner === "steer" && isThere && /no session in this chat/.test(text)) return true
  const repliesToIt = message !== null && reply_to_message?.message_id === message.message_id
  if (repliesToIt && /process ended|Failed|refus|Stopped|Dropped/.test(text)) return true
  return text.includes(tag) && /Dropped|Stopped before|not run|Failed|process ended/.test(text)
}

const isOf = ({ tag }: Sent, text: string): boolean => text.includes(tag)

const named = ({ tag, manner, message }: Sent): string =>
  `${tag} (${message === null ? "terminal" : "chat"} ${manner || "plain"})`

const said = (outcomes: readonly string[]): string =>
  outcomes.map((text) => text.replaceAll("\n", " ⏎ ").slice(0, 120)).join(" | ")

/** Its own words made the agent die or refuse, or something was killed while it was open. */
function hasCause({ deaths }: Evidence, { manner, at }: Sent): boolean {
  return /crash|refusal/.test(manner) || deaths.some((death) => death >= at)
}

const wasTakenBack = ({ takenBack }: Owner, { at }: Sent): boolean => takenBack.some((when) => when >= at)

/** The agent had the newest words, or the owner was told that they came too late. */
function staleWords(sent: Sent, run: string): readonly string[] {
  const last = sent.versions.at(-1) ?? ""
  if (sent.versions.length < 2 || run.includes(last)) return []
  const isTold = sent.chat
    .messages()
    .some(
      ({ text = "", reply_to_message }) =>
        reply_to_message?.message_id === sent.message?.message_id && /Too late/.test(text),
    )
  return isTold ? [] : [`${named(sent)}: the agent had «${run}», the owner's last words were «${last}»`]
}

/** What a crash cut off is done again where that is harmless; Telegram then says that it was done already. */
const isRepeat = (description = ""): boolean =>
  /message is not modified|message to delete not found|query is too old/.test(description)

function refusedCalls(world: World): readonly string[] {
  const refused = world.telegram.rejections().filter((call) => !isRepeat(call.rejection?.description))
  return [
    ...refused.map((call) => `Telegram rejected ${call.method}: ${JSON.stringify(call.rejection)}`),
    ...world.telegram.penaltyViolations().map((call) => `${call.method} went into a penalty`),
  ]
}
