/** What the buttons of turns do: on their cards, on finals, in lists of the queue. */
import type { TelegramSay } from "../../core/texts/telegram.ts"
import { nextInQueue } from "../../core/turn.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { TurnId } from "../../protocol/ids.ts"
import { TurnArgs } from "../../runtime/commands/turn-offer.ts"
import { OwnerError } from "../../runtime/errors.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Act, type Notice, removeButtons, type Tapped } from "../delivery/tapped.ts"
import type { Address } from "../places/address.ts"

export interface TurnActionsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  /** Asks for the new text of a prompt that waits. */
  readonly askForText: (turn: TurnId, to: Address) => void
  readonly submitAgain: (turn: Turn, how: { readonly text: string | null; readonly clientId: string }) => void
}

export class TurnActions {
  readonly #spec: TurnActionsSpec

  constructor(spec: TurnActionsSpec) {
    this.#spec = spec
  }

  readonly tapped = (tapped: Tapped): Act | null => {
    const args = TurnArgs.safeParse(tapped.action.args).data
    if (!args) return null
    switch (tapped.action.verb) {
      case "stop":
        return () => this.#stop(this.#must(args.turn), args.waiting, tapped)
      case "release":
        return () => this.#release(args.turn)
      case "drop":
        return () => this.#drop(args.turn)
      case "next":
        return () => this.#runNext(args.turn)
      case "steer":
        return () => this.#steer(args.turn)
      case "edit":
        return () => this.#askForText(args.turn, tapped.address)
      case "repeat":
        return () => this.#again(this.#must(args.turn), null, tapped)
      case "continue":
        return () => this.#again(this.#must(args.turn), this.#spec.say("prompt.continue"), tapped)
      default:
        return null
    }
  }

  #release(id: TurnId): Notice {
    this.#spec.kernel.turns.release(id)
    return { text: this.#spec.say("queue.released") }
  }

  #steer(id: TurnId): Notice {
    this.#spec.kernel.turns.steer(id)
    return { text: this.#spec.say("queue.steering") }
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
    const { kernel, askForText } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (turn?.state !== "queued") throw new OwnerError("turn_not_queued", { state: turn?.state ?? "" })
    askForText(id, to)
    return undefined
  }

  /** Only what the card was about: its turn, and what waited behind it then. What came later is none of it. */
  #stop(turn: Turn, waiting: readonly TurnId[], tapped: Tapped): Notice {
    const { kernel, say, out } = this.#spec
    const meant = new Set([turn.id, ...waiting])
    const next = nextInQueue(kernel.ledger.turns.open(turn.session), kernel.clock.now())
    const isMeant = next.kind !== "idle" && meant.has(next.turn.id)
    const running = isMeant ? kernel.turns.stop(turn.session, { clearQueue: false }).running : null
    const dropped = waiting.filter((id) => kernel.ledger.turns.find(id)?.state === "queued")
    for (const id of dropped) kernel.turns.drop(id)
    if (waiting.length > 0) removeButtons(out, tapped)
    const notBegun = running?.state === "queued" && running.startedAt === null ? 1 : 0
    const count = dropped.length + notBegun
    if (count > 0) return { text: say("final.stopped_queue", { dropped: count }) }
    return { text: running ? say("stop.stopping", { session: turn.session }) : say("stop.nothing") }
  }

  #again(turn: Turn, text: string | null, tapped: Tapped): Notice {
    const { say, out, submitAgain } = this.#spec
    submitAgain(turn, { text, clientId: `again:${tapped.clientId}` })
    removeButtons(out, tapped)
    return { text: say(text === null ? "final.runs_again" : "final.goes_on") }
  }

  #must(id: TurnId): Turn {
    const turn = this.#spec.kernel.ledger.turns.find(id)
    if (!turn) throw new OwnerError("unknown_turn")
    return turn
  }
}
