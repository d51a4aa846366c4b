/** What must hold when everything has come to rest: looked at from outside, in the chats, the agents' notes and the files. */
import type { Message } from "grammy/types"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import type { TelegramServer } from "../fakes/telegram/server.ts"
import type { AgentDisk, Asked, Consumed } from "./agent-disk.ts"
import { type LedgerEvidence, readLedger, type TurnRow } from "./evidence.ts"
import { machine } from "./machine.ts"
import { violations } from "./network.ts"
import type { Owner, Said } from "./owner.ts"

export interface Evidence {
  readonly dataDir: string
  readonly server: TelegramServer
  readonly chats: readonly Conversation[]
  readonly owner: Owner
  readonly disk: AgentDisk
  /** When hosts ended, by the wall clock. */
  readonly deaths: readonly number[]
  /** A disk that failed in the moment of a crash takes with it who heard what. */
  readonly didDiskFail: boolean
  /** What had not come to rest when the time was over. */
  readonly unrest: string | null
}

/** `code` says which promise; equal codes are the same finding to who minimises. */
export interface Finding {
  readonly code: string
  readonly what: string
}

export function judge(evidence: Evidence): readonly Finding[] {
  const findings: Finding[] = []
  const find = (code: string, what: string): void => void findings.push({ code, what })
  for (const crash of machine().crashes) find("crash", crash)
  for (const fault of evidence.disk.faults) find("agent", fault)
  for (const error of evidence.owner.errors) find("owner", error)
  const ledger = readLedger(evidence.dataDir)
  if (evidence.unrest !== null)
    find("unsettled", `not at rest: ${evidence.unrest} ${JSON.stringify(ledger.open)}`)
  if (ledger.check !== "ok") find("damaged", ledger.check)
  for (const said of evidence.owner.said) judgePrompt(evidence, ledger, said, find)
  for (const asked of evidence.disk.asked) judgeAnswer(evidence, ledger, asked, find)
  judgeCalls(evidence.server, find)
  judgeScreens(evidence.chats, ledger, find)
  return findings
}

function judgePrompt(
  { disk, chats, owner, deaths }: Evidence,
  ledger: LedgerEvidence,
  said: Said,
  find: (code: string, what: string) => void,
): void {
  const { tag } = said
  const chat = chats[said.chat]
  if (!chat) return
  const runs = disk.consumed.filter((one) => one.tag === tag)
  if (runs.length > 1)
    find(
      "run_twice",
      `${tag} was consumed ${runs.length} times: ${runs.map(({ how, attempt }) => `${how} ${attempt}`).join()}`,
    )
  const bot = chat.bots[0]?.id ?? 0
  const turns = ledger.turnsOf(said.message, bot)
  const seen = chat.messages().filter(({ from }) => from?.is_bot)
  const answers = seen.filter(({ text }) =>
    new RegExp(`echo: ${tag.replace(".", "\\.")}(?!\\d)`).test(text ?? ""),
  )
  const reasons = seen.filter((message) => isReplyTo(message, said.message) && isReason(message.text ?? ""))
  const notes = seen.filter(
    ({ text = "" }) =>
      text.includes(tag) && /Dropped\.|Skipped by you|Passed on|Stopped before|not run/.test(text),
  )
  const unmarked = answers.filter(({ text }) => !text?.includes("(resent)"))
  const allowed = Math.max(1, runs.filter(({ how }) => how === "send").length)
  if (unmarked.length > allowed)
    find("duplicate", `${tag} was answered ${unmarked.length} times without a mark`)
  const outcome = turns.at(-1)?.outcome
  const kind = outcome ? (JSON.parse(outcome) as { kind: string }).kind : null
  const wasSteered = runs.some(({ how }) => how === "steer")
  const isRefused =
    said.isSteer &&
    turns.length === 0 &&
    seen.some(({ text = "" }) => /no session in this chat yet/.test(text))
  const isTold = answers.length + reasons.length + notes.length > 0 || wasSteered || isRefused
  if (turns.length === 0 && !isTold) return find("lost", `${tag} made no turn and is answered by nothing`)
  if (!isTold) {
    const isSilentStop = kind === "stopped" && owner.stops > 0
    // What never left the queue was taken out of it by the owner's own tap, whose notice is no message.
    if (isSilentStop && turns.at(-1)?.attempt === null) return
    find(
      isSilentStop ? "silent_stop" : "unanswered",
      `${tag} ended ${kind ?? "not at all"} (${JSON.stringify({ ...turns.at(-1), prompt: undefined })}) and nothing says so`,
    )
  }
  judgeOutcome(said, turns.at(-1), { deaths, find })
  judgeEdit(said, runs, { seen, find })
  if (runs.length === 0 && kind === "completed")
    find("never_run", `${tag} counts as completed and no agent had it`)
  if (kind === "completed" && answers.length === 0 && !wasSteered)
    find("no_answer", `${tag} completed, its answer is not there`)
}

interface Outcome {
  readonly kind: string
  readonly failure?: { readonly class: string }
}

/** A turn ends only in ways that something gave reason for. */
function judgeOutcome(
  { tag, versions }: Said,
  turn: TurnRow | undefined,
  { deaths, find }: { deaths: readonly number[]; find: (code: string, what: string) => void },
): void {
  if (!turn?.outcome) return
  const outcome = JSON.parse(turn.outcome) as Outcome
  const text = versions[0] ?? ""
  const hadDeath = deaths.some((at) => at >= turn.created_at - 5 && at <= (turn.ended_at ?? 0) + 5)
  if (outcome.kind === "indeterminate" && !hadDeath)
    find("no_reason", `${tag} is indeterminate, though its host lived`)
  const { class: failure } = outcome.failure ?? {}
  if (failure === undefined || failure === "refused") return
  if (failure === "crashed" && (hadDeath || text.includes("[[die]]"))) return
  // Once is less than any class allows; the agent's end may be told as a lost connection.
  if (failure === "transport" && (hadDeath || text.includes("[[die]]"))) return
  find("no_reason", `${tag} failed (${failure}) after ${turn.attempts} attempts: ${text}`)
}

/** The agent had the newest words, or the owner was told that they came too late. */
function judgeEdit(
  { tag, versions, message, isSteer }: Said,
  runs: readonly Consumed[],
  { seen, find }: { seen: readonly Message[]; find: (code: string, what: string) => void },
): void {
  const [run] = runs
  if (versions.length < 2 || !run || isSteer) return
  const isTold = seen.some(
    (one) => isReplyTo(one, message) && /Too late: this prompt|being passed on/.test(one.text ?? ""),
  )
  if (!run.text.includes(versions.at(-1) ?? "") && !isTold)
    find("stale_words", `${tag}: the agent had ${run.text}, the owner's last words are ${versions.at(-1)}`)
}

/** The agent heard one answer, the one that the owner was told counts. */
function judgeAnswer(
  { chats, disk, didDiskFail }: Evidence,
  ledger: LedgerEvidence,
  { request, tag, answers }: Asked,
  find: (code: string, what: string) => void,
): void {
  if (answers.length > 1) find("answered_twice", `${tag} ${request}: ${answers.join()}`)
  const told = ledger.answerTo(request)
  const [heard] = answers
  if (heard !== undefined && told !== heard)
    find("wrong_answer", `${tag} ${request}: the agent heard ${heard}, the ledger says ${told}`)
  const cards = ledger.cardsOf(request)
  const texts = chats.flatMap((chat) =>
    chat
      .messages()
      .filter(({ message_id }) => cards.includes(`${chat.bots[0]?.id}:${message_id}`))
      .map(({ text = "" }) => text),
  )
  if (
    heard !== undefined &&
    disk.survives &&
    !didDiskFail &&
    texts.some((text) => /this changes nothing/.test(text))
  )
    find("false_miss", `${tag} ${request}: heard ${heard}, yet the card says that it changed nothing`)
}

const isReplyTo = (message: Message, to: Message): boolean =>
  message.reply_to_message?.message_id === to.message_id

const isReason = (text: string): boolean => /⚠|Failed|Stopped\.|process ended|cannot be told/.test(text)

function judgeCalls(server: TelegramServer, find: (code: string, what: string) => void): void {
  for (const call of server.rejections())
    if (!isRepeat(call))
      find(
        "rejected",
        `${call.method} ${JSON.stringify(call.rejection)} ${JSON.stringify(call.args).slice(0, 200)}`,
      )
  for (const violation of violations) find("penalty", violation)
}

/** What a crash cut off is done again where that is harmless; Telegram then says that it was done already. */
const isRepeat = ({ rejection }: CallRecord): boolean =>
  /message is not modified|message to delete not found|query is too old|terminated by other getUpdates/.test(
    rejection?.description ?? "",
  ) ||
  // Frames that were late on the way come together with later ones.
  rejection?.reason === "flood"

/** What the owner asked to see shows how things were then. */
const isSnapshot = (text: string): boolean => text.startsWith("Waiting in") || /^Agent: /m.test(text)

/** Nothing that can still be tapped as if it were open, nothing that says it still works. */
function judgeScreens(
  chats: readonly Conversation[],
  { changesOf, isKnown }: Pick<LedgerEvidence, "changesOf" | "isKnown">,
  find: (code: string, what: string) => void,
): void {
  for (const chat of chats) {
    const bot = chat.bots[0]?.id ?? 0
    for (const message of chat.messages()) {
      if (!message.from?.is_bot) continue
      const text = message.text ?? ""
      const labels = (message.reply_markup?.inline_keyboard ?? []).flat().map((button) => button.text)
      if (labels.some((label) => /^(Allow once|Deny|Stop|Run|Skip|Drop|Steer now|Run next)$/.test(label)))
        if (!isSnapshot(text) && isKnown(bot, message.message_id))
          find(
            "stale_buttons",
            `#${message.message_id} ${JSON.stringify(text.slice(0, 80))} ${labels.join()} ${changesOf(bot, message.message_id)}`,
          )
      if (/Something went wrong here/.test(text)) find("internal_error", text.slice(0, 200))
    }
  }
}
