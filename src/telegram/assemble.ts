/** Puts the parts of the Telegram surface together: read it and you know who works with whom. */
import { join } from "node:path"
import type { Config } from "../core/config.ts"
import { riskText } from "../core/texts/risk.ts"
import { telegramText } from "../core/texts/telegram.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Kernel } from "../runtime/kernel.ts"
import { BotStates } from "./bot-states.ts"
import { Membership } from "./chats/membership.ts"
import { Migrations } from "./chats/migrations.ts"
import { Topics } from "./chats/topics.ts"
import { CommandLines } from "./commands/lines.ts"
import { FairShare } from "./delivery/fair-share.ts"
import type { DeliveryHooks } from "./delivery/hooks.ts"
import { DeliveryLanes } from "./delivery/lanes.ts"
import { Outgoing } from "./delivery/outgoing.ts"
import { dismissing, type Tapped } from "./delivery/tapped.ts"
import { DeliveryNews } from "./delivery-news.ts"
import { fileActions } from "./files/actions.ts"
import { unpackNamedFiles } from "./files/named.ts"
import { fetchFiles } from "./files/received.ts"
import { Conversation } from "./intake/conversation.ts"
import { Intake } from "./intake/intake.ts"
import { TelegramNotices } from "./notify.ts"
import { Edits } from "./owner/edits.ts"
import { Prompts } from "./owner/prompts.ts"
import { Replies } from "./owner/replies.ts"
import { type OwnerPrompt, submitOwnerPrompt } from "./owner/submit.ts"
import { Taps } from "./owner/taps.ts"
import { type Address, formatAddress, TELEGRAM } from "./places/address.ts"
import type { Rules } from "./places/authorise.ts"
import type { Reach } from "./places/reach.ts"
import { RequestAnswers } from "./requests/answers.ts"
import { RequestNotices } from "./requests/notice.ts"
import { TurnActions } from "./turns/actions.ts"
import { TurnCards } from "./turns/card.ts"
import { Answers } from "./turns/outcome.ts"
import { Progress } from "./turns/progress.ts"
import type { BotApi } from "./wire/api.ts"

export interface PartsSpec {
  readonly kernel: Kernel
  readonly config: Pick<Config, "telegram" | "language" | "dataDir" | "artifacts">
  readonly owner: number
  readonly apis: ReadonlyMap<number, BotApi>
  readonly rulesOf: (bot: number) => Rules
  readonly onDelivery?: (result: "sent" | "undeliverable") => void
  /** Aborts what is being fetched. */
  readonly stopping: AbortSignal
}

export interface Parts {
  readonly lanes: DeliveryLanes
  readonly notices: TelegramNotices
  readonly requests: RequestNotices
  readonly progress: Progress
  readonly intake: Intake
  readonly botStates: BotStates
}

export function assemble(spec: PartsSpec): Parts {
  const { kernel, config, owner, apis } = spec
  const { ledger, clock, log } = kernel
  const say = telegramText(config.language)
  const bots = [...apis.keys()]
  const reach: Reach = { ledger, bots, fallback: fallbackOf(bots, owner) }
  const attachmentsOf = (session: Session) => join(config.dataDir, "attachments", session.id)

  const texts = {
    resent: say("resent"),
    sessionTag: (session: string | null) => (session ? `[${session}] ` : ""),
  }
  // Deliveries begin with `start`, when all of this is there.
  const hooks = lateHooks(() => news, spec.onDelivery)
  const share = new FairShare()
  const out = new Outgoing(ledger, clock, (lane) => lanes.wake(lane))
  const button: Outgoing["button"] = (...given) => out.button(...given)
  const unpack = unpackNamedFiles({ kernel, say, button, storeOf: attachmentsOf })
  const delivering = { ledger, log, clock, share, texts, hooks, unpack }
  const lanes = new DeliveryLanes({ ...delivering, bots: [...apis.values()] })

  const cards = new TurnCards({ ledger, say, out })
  const topics = new Topics({ kernel, say, out })
  const requests = new RequestNotices({ ledger, clock, say, sayRisk: riskText(config.language), out })
  const answers = new Answers({ ledger, say, out })
  const notices = new TelegramNotices({ reach, say, out, cards, answers, requests, topics })
  const progress = new Progress({ kernel, reach, say, out, cards, lanes })
  const wake = (lane: string) => lanes.wake(lane)
  const migrations = new Migrations({ kernel, cards, requests, progress, wake })
  const membership = new Membership({ kernel, say, out, requests, owner })
  const news = new DeliveryNews({ kernel, say, out, topics, progress, requests, migrations, owner })

  const requestAnswers = new RequestAnswers({ kernel, say, notices: requests })
  const replies = new Replies({ kernel, say, out, requestAnswers })
  const usernameOf = (bot: number) => ledger.machine.bots().find(({ id }) => id === bot)?.username ?? null
  const submit = (given: OwnerPrompt) => submitOwnerPrompt(kernel, given)
  const lines = new CommandLines({
    kernel,
    say,
    out,
    topics,
    usernameOf,
    submit: ({ session, text, address, clientId, message, hold }) => {
      const channel = ledger.channels.ensure(TELEGRAM, formatAddress(address), clock.now()).id
      const source = message === null ? null : String(message.message_id)
      return submit({ session, prompt: { text, files: [] }, channel, source, hold, clientId })
    },
    showRequests: (session, to) => requests.showOpen(session, to),
  })
  const turnActions = new TurnActions({
    kernel,
    say,
    out,
    askForText: (turn, to) => replies.askForText(turn, to),
    submitAgain: ({ session, channel, prompt, sourceMessage }, { text, clientId }) =>
      submit({
        session,
        prompt: text === null ? prompt : { text, files: [] },
        channel,
        source: sourceMessage,
        hold: null,
        clientId,
      }),
  })
  const handlers = {
    request: requestAnswers.tapped,
    turn: turnActions.tapped,
    file: fileActions({ kernel, say, out }),
    group: membership.tapped,
    card: dismissing(out),
    fetch: (tapped: Tapped) => prompts.tapped(tapped),
    prompt: (tapped: Tapped) => prompts.tapped(tapped),
  }
  const taps = new Taps({ kernel, say, out, handlers, commands: lines.tapped })
  const edits = new Edits({ kernel, say, out })
  const fetching = { kernel, say, attachmentsOf, limit: config.artifacts.maxBytes, signal: spec.stopping }
  const prompts = new Prompts({
    kernel,
    say,
    out,
    topics,
    fetchFiles: (messages, place) =>
      fetchFiles(messages, place, { ...fetching, apiOf: (bot) => apis.get(bot) ?? null }),
  })
  const chats = { topics, membership, migrations }
  const conversation = new Conversation({ kernel, lines, prompts, edits, replies, taps, progress, ...chats })
  const intake = new Intake({ kernel, say, out, conversation, rulesOf: spec.rulesOf, share })
  const botStates = new BotStates({ kernel, say, out, owner, bots, requests, wake })
  return { lanes, notices, requests, progress, intake, botStates }
}

function fallbackOf([bot]: readonly number[], owner: number): Address | null {
  return bot === undefined ? null : { bot, chat: owner, thread: null }
}

function lateHooks(news: () => DeliveryNews, onDelivery: PartsSpec["onDelivery"]): Required<DeliveryHooks> {
  return {
    onSent: (row, message) => {
      onDelivery?.("sent")
      news().onSent(row, message)
    },
    onUndeliverable: (row, reason) => {
      onDelivery?.("undeliverable")
      news().onUndeliverable(row, reason)
    },
    onMigrated: (moved) => news().onMigrated(moved),
    onTopicGone: (address) => news().onTopicGone(address),
    onCosmeticRefused: (show, reason) => news().onCosmeticRefused(show, reason),
  }
}
