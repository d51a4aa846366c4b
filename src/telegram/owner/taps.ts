/** What the owner's taps do: each button once, in the chat it was sent to, while it lasts. */
import type { CallbackQuery } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import { OwnerError } from "../../runtime/errors.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Membership } from "../chats/membership.ts"
import type { CommandLines } from "../commands/lines.ts"
import { ActionBody } from "../delivery/actions.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { resolveFile, sendFile } from "../files/named.ts"
import { type Address, formatAddress } from "../places/address.ts"
import type { Notice, RequestAnswers } from "../requests/answers.ts"
import { wordError } from "../words/owner-words.ts"
import { shortPath } from "../words/workspace-path.ts"
import type { Replies } from "./replies.ts"

export interface TapsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly lines: CommandLines
  readonly replies: Replies
  readonly requestAnswers: RequestAnswers
  readonly membership: Pick<Membership, "switched">
}

export interface TapPlace {
  readonly address: Address
  /** The message with the button. */
  readonly message: number
  readonly clientId: string
}

export class Taps {
  readonly #spec: TapsSpec

  constructor(spec: TapsSpec) {
    this.#spec = spec
  }

  async prepare(query: CallbackQuery, place: TapPlace): Promise<Effect> {
    const { kernel, say, out } = this.#spec
    const end = (notice?: Notice) => out.tap(place.address, query.id, notice)
    const action = kernel.ledger.actions.find(query.data ?? "")
    const body = action ? ActionBody.safeParse(action.body).data : undefined
    if (!action || !body || action.expiresAt < kernel.clock.now())
      return () => end({ text: say("tap.expired") })
    if (action.address !== formatAddress({ ...place.address, thread: null }))
      return () => end({ text: say("tap.foreign") })
    if (body.kind === "command") {
      const effect = await this.#runLine(body.line, place)
      return () => {
        effect()
        end()
      }
    }
    return () => {
      const isFirst = mayRepeat(body) || kernel.ledger.actions.use(action.id, kernel.clock.now())
      if (!isFirst) return end({ text: say("tap.used") })
      end(this.#wording(() => this.#do(body, place)))
    }
  }

  /** As if it had been typed; the message with the button is edited. */
  async #runLine(line: string, { address, message, clientId }: TapPlace): Promise<Effect> {
    const effect = this.#spec.lines.prepare(line, { address, clientId, card: message, message: null })
    return (await effect) ?? nothing
  }

  #wording(run: () => Notice | undefined): Notice | undefined {
    try {
      return run()
    } catch (error) {
      const text = error instanceof OwnerError ? wordError(error, this.#spec.say) : null
      if (text === null) throw error
      return { text, alert: true }
    }
  }

  /** What a tap did, or why it did nothing, in a few words; undefined where the owner sees it happen. */
  #do(body: Exclude<ActionBody, { kind: "command" }>, place: TapPlace): Notice | undefined {
    const { kernel, say, requestAnswers } = this.#spec
    switch (body.kind) {
      case "answer":
        return requestAnswers.answer(body.request, body.version, body.answer)
      case "question.option":
      case "question.done":
        return requestAnswers.question(body, place.address)
      case "turn.stop":
        return this.#stop(body.turn, body.clearQueue, place)
      case "turn.release":
        kernel.turns.release(body.turn)
        return { text: say("queue.released") }
      case "turn.drop":
        return this.#drop(body.turn)
      case "turn.next":
        return this.#runNext(body.turn)
      case "turn.steer":
        kernel.turns.steer(body.turn)
        return { text: say("queue.steering") }
      case "turn.edit":
        return this.#askForText(body.turn, place.address)
      case "turn.again":
        return this.#again(body.turn, body.how, place)
      case "file.send":
        return this.#sendFile(body.session, body.path, place)
      case "group.switch": {
        this.#spec.membership.switched(body, { to: place.address, message: place.message })
        return undefined
      }
      case "dismiss":
        this.#removeButtons(place)
        return undefined
    }
  }

  #drop(id: TurnId): Notice {
    const { kernel, say } = this.#spec
    const wasOffered = kernel.ledger.turns.find(id)?.hold?.kind === "confirm"
    kernel.turns.drop(id)
    return { text: say(wasOffered ? "queue.skipped" : "queue.dropped") }
  }

  #runNext(id: TurnId): Notice {
    const { kernel, say } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    const waiting = turn
      ? kernel.ledger.turns.open(turn.session).filter(({ state }) => state === "queued")
      : []
    if (waiting[0]?.id === id && turn?.hold === null) return { text: say("queue.already_next") }
    kernel.turns.runNext(id)
    return { text: say("queue.next") }
  }

  #askForText(id: TurnId, to: Address): Notice | undefined {
    const { kernel, replies } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (turn?.state !== "queued") throw new OwnerError("turn_not_queued", { state: turn?.state ?? "" })
    replies.askForText(id, to)
    return undefined
  }

  #stop(id: TurnId, clearQueue: boolean, place: TapPlace): Notice {
    const { kernel, say } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (!turn) throw new OwnerError("unknown_turn")
    if (turn.endedAt !== null && !clearQueue) return { text: say("stop.nothing") }
    const { running, dropped } = kernel.turns.stop(turn.session, { clearQueue })
    if (clearQueue) this.#removeButtons(place)
    const notBegun = running?.state === "queued" && running.startedAt === null ? 1 : 0
    const count = dropped.length + notBegun
    if (count > 0) return { text: say("final.stopped_queue", { dropped: count }) }
    return { text: running ? say("stop.stopping", { session: turn.session }) : say("stop.nothing") }
  }

  #again(id: TurnId, how: "repeat" | "continue", place: TapPlace): Notice {
    const { kernel, say } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (!turn) throw new OwnerError("unknown_turn")
    const prompt = how === "repeat" ? turn.prompt : { text: "Continue where you stopped.", files: [] }
    kernel.turns.submit({
      session: turn.session,
      origin: "owner",
      channel: turn.channel,
      sourceMessage: turn.sourceMessage,
      clientId: `again:${place.clientId}`,
      prompt,
      hold: null,
    })
    this.#removeButtons(place)
    return { text: say(how === "repeat" ? "final.runs_again" : "final.goes_on") }
  }

  #sendFile(id: SessionId, path: string, place: TapPlace): Notice {
    const { kernel, say, out } = this.#spec
    const session = kernel.sessions.must(id)
    const realPath = resolveFile(path)
    if (realPath === null)
      return {
        text: say("file.missing", { path: shortPath(path, session.workspace) }).slice(0, 190),
        alert: true,
      }
    sendFile({ path, session, turn: null, to: place.address }, { say, out, realPath, key: null })
    this.#removeButtons(place)
    return { text: say("file.sending") }
  }

  #removeButtons({ address, message }: TapPlace): void {
    const payload = { kind: "buttons", to: address, target: { message }, buttons: [] } as const
    this.#spec.out.owe(address, payload, { key: null, priority: "answer" })
  }
}

/** Asking how to change a prompt changes nothing, so it may be asked again; everything else happens at most once. */
const mayRepeat = ({ kind }: ActionBody): boolean => kind === "turn.edit"
