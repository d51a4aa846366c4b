/** What the owner's taps do: each button once, in the chat it was sent to, while it lasts. */
import type { CallbackQuery } from "grammy/types"
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { RequestId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Answer } from "../protocol/session.ts"
import { OwnerError } from "../runtime/errors.ts"
import type { Kernel } from "../runtime/kernel.ts"
import { ActionBody } from "./actions.ts"
import { type Address, formatAddress } from "./address.ts"
import type { Effect } from "./effect.ts"
import { resolveFile, sendFile } from "./files-out.ts"
import type { TelegramNotices } from "./notify.ts"
import { keys } from "./notify.ts"
import type { Outgoing } from "./outgoing.ts"
import { wordError } from "./owner-words.ts"
import { decision, openCard } from "./requests/card.ts"
import { type Answering, choose, finish, NOT_BEGUN, type Step, write } from "./requests/questions.ts"

export interface TapsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly notices: TelegramNotices
  /** Runs a command line as if it had been typed; it edits the tapped message. */
  readonly runLine: (line: string, at: TapPlace) => Promise<Effect>
  /** Asks for a new text of a waiting prompt, as a reply. */
  readonly askEdit: (turn: TurnId, to: Address) => void
}

export interface TapPlace {
  readonly address: Address
  /** The message with the button. */
  readonly message: number
  readonly clientId: string
}

interface Notice {
  readonly text: string
  readonly alert?: boolean
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
      const effect = await this.#spec.runLine(body.line, place)
      return () => {
        effect()
        end()
      }
    }
    return () => {
      if (!kernel.ledger.actions.use(action.id, kernel.clock.now())) return end({ text: say("tap.used") })
      end(this.#wording(() => this.#do(body, place)))
    }
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

  /** Commands only show or choose and may be tapped again; all of this happens at most once. */
  #do(body: Exclude<ActionBody, { kind: "command" }>, place: TapPlace): Notice | undefined {
    const { kernel, say } = this.#spec
    switch (body.kind) {
      case "answer":
        return this.#answer(body.request, body.version, body.answer)
      case "question.option":
      case "question.done":
        return this.#question(body, place)
      case "turn.stop":
        return this.#stop(body.turn, body.clearQueue)
      case "turn.release":
        kernel.turns.release(body.turn)
        return { text: say("queue.released") }
      case "turn.drop":
        kernel.turns.drop(body.turn)
        return { text: say("queue.dropped") }
      case "turn.next":
        kernel.turns.runNext(body.turn)
        return { text: say("queue.next") }
      case "turn.steer":
        kernel.turns.steer(body.turn)
        return undefined
      case "turn.edit":
        this.#spec.askEdit(body.turn, place.address)
        return undefined
      case "turn.again":
        return this.#again(body.turn, body.how, place)
      case "file.send":
        return this.#sendFile(body.session, body.path, place)
      case "dismiss":
        this.#removeButtons(place)
        return undefined
    }
  }

  /** Also for answers typed as a reply. */
  #answer(id: RequestId, version: number, answer: Answer): Notice | undefined {
    const { kernel, say } = this.#spec
    const by = { surface: "telegram", detail: say("request.surface_telegram") }
    const result = kernel.requests.answer({ id, version, answer, by })
    switch (result.kind) {
      case "accepted":
        return { text: decision(result.request, say).slice(0, 190) }
      case "too_late":
        return { text: this.#tooLate(result.request), alert: true }
      case "stale":
      case "invalid":
        return { text: say("request.stale"), alert: true }
      case "unknown":
        return { text: say("tap.expired") }
    }
  }

  #tooLate(request: StoredRequest): string {
    const { say } = this.#spec
    if (request.state === "closed") return say("request.gone")
    return say("request.too_late", { decision: decision(request, say) }).slice(0, 190)
  }

  #question(
    body: Extract<ActionBody, { kind: "question.option" | "question.done" }>,
    place: TapPlace,
  ): Notice | undefined {
    const { kernel, say } = this.#spec
    const request = kernel.ledger.requests.find(body.request)
    if (request?.body.kind !== "question") return { text: say("tap.expired") }
    if (request.state !== "open") return { text: this.#tooLate(request), alert: true }
    if (request.version !== body.version) return { text: say("request.stale"), alert: true }
    const answering = this.#answering(request.id)
    const step =
      body.kind === "question.option"
        ? choose(request.body, answering, body)
        : finish(request.body, answering, body.question)
    return this.#step(request, step, place.address)
  }

  /** A reply to the card of an open request: an own answer, or the reason for a denial. Null when it is neither. */
  reply(request: StoredRequest, text: string, to: Address): Notice | null {
    const { body } = request
    if (request.state !== "open") return { text: this.#tooLate(request) }
    if (body.kind === "question")
      return this.#step(request, write(body, this.#answering(request.id), text), to) ?? null
    const deny =
      body.options.find((option) => option.effect === "deny") ??
      body.options.find((o) => o.effect === "deny_stop")
    if (!deny) return null
    const answer = {
      kind: "option",
      option: deny.id,
      ...(body.acceptsReason ? { reason: text } : {}),
    } as const
    return this.#answer(request.id, request.version, answer) ?? null
  }

  #step(request: StoredRequest, step: Step, to: Address): Notice | undefined {
    const { kernel, say, out, notices } = this.#spec
    switch (step.kind) {
      case "stale":
        return { text: say("request.stale"), alert: true }
      case "complete":
        return this.#answer(request.id, request.version, { kind: "answers", answers: step.answers })
      case "more": {
        kernel.ledger.machine.set(answeringKey(request.id), step.answering, kernel.clock.now())
        const session = kernel.sessions.must(request.session)
        const { rich, buttons } = openCard(request, step.answering, notices.cardContext(session, to))
        out.edit(to, { key: keys.request(request, to) }, rich, {
          priority: "answer",
          buttons,
          request: request.id,
        })
        return undefined
      }
    }
  }

  #answering(request: RequestId): Answering {
    return this.#spec.kernel.ledger.machine.setting<Answering>(answeringKey(request)) ?? NOT_BEGUN
  }

  #stop(id: TurnId, clearQueue: boolean): Notice {
    const { kernel, say } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (!turn) throw new OwnerError("unknown_turn")
    const current = kernel.ledger.turns.open(turn.session)
    const isThis = current.some((open) => open.id === id)
    if (!isThis && !clearQueue) return { text: say("stop.nothing") }
    const { running, dropped } = kernel.turns.stop(turn.session, { clearQueue })
    if (dropped.length > 0) return { text: say("final.stopped_queue", { dropped: dropped.length }) }
    return { text: running ? say("stop.stopping", { session: turn.session }) : say("stop.nothing") }
  }

  #again(id: TurnId, how: "repeat" | "continue", place: TapPlace): Notice | undefined {
    const { kernel } = this.#spec
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
    return undefined
  }

  #sendFile(id: SessionId, path: string, place: TapPlace): Notice | undefined {
    const { kernel, say, out } = this.#spec
    const session = kernel.sessions.must(id)
    const realPath = resolveFile(path)
    if (realPath === null) return { text: say("file.missing", { path }).slice(0, 190), alert: true }
    sendFile({ path, session, turn: null, to: place.address }, { say, out, realPath, key: null })
    this.#removeButtons(place)
    return undefined
  }

  #removeButtons({ address, message }: TapPlace): void {
    const payload = { kind: "buttons", to: address, target: { message }, buttons: [] } as const
    this.#spec.out.owe(address, payload, { key: null, priority: "answer" })
  }
}

const answeringKey = (request: RequestId): string => `answering.${request}`
