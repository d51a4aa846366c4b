/** Says to a host what it is owed, and settles each by what the host answers. */
import { retryPrompt } from "../../core/retry-prompt.ts"
import { isAtWork } from "../../core/turn.ts"
import type { HandOver } from "../../ledger/hand-overs.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionSpec } from "../../protocol/session.ts"
import { answerDone } from "../answer-done.ts"
import type { RuntimeContext } from "../context.ts"
import type { HostEvents } from "../host-events.ts"
import { failureOfLink } from "../host-link/failure.ts"
import { type HostLink, HostLinkError } from "../host-link/link.ts"
import type { SteerOutcome } from "../turns.ts"

type Of<K extends HandOver["kind"]> = Extract<HandOver, { readonly kind: K }>

export interface TellerOptions {
  readonly events: HostEvents
  readonly onSteered: (steer: HandOver, outcome: SteerOutcome) => void
  /** Takes in what was received before an answer. False when the link has been given up: all of it comes again. */
  readonly catchUp: (link: HostLink) => boolean
  /** The link ended under it: the next one brings it again. */
  readonly onLost: () => void
  /** A disk took nothing, the host's or ours: to be said again after a while, over a new link. */
  readonly onStuck: (error: unknown) => void
}

/** The link ended or is ending: what was sent over it is repeated over the next one. */
const isLinkLost = (error: unknown): boolean =>
  error instanceof HostLinkError && ["closed", "silent", "unreachable", "stopping"].includes(error.code)

/** The host's disk took nothing of a command, so nothing of it was done. */
const isStuck = (error: unknown): boolean => error instanceof HostLinkError && error.code === "storage"

export class Teller {
  readonly #context: RuntimeContext
  readonly #options: TellerOptions

  constructor(context: RuntimeContext, options: TellerOptions) {
    this.#context = context
    this.#options = options
  }

  /** The one rule for all that is owed. Resolves when the host has answered, or it has to be said again. */
  async tell(link: HostLink, handOver: HandOver): Promise<void> {
    try {
      await this.#say(link, handOver).catch((error: unknown) => this.#onRefused(handOver, error))
    } catch (error) {
      if (isLinkLost(error)) return this.#options.onLost()
      const { id, kind } = handOver
      this.#context.log.error({ err: error, id, kind }, "something owed to the host could not be said yet")
      this.#options.onStuck(error)
    }
  }

  async #say(link: HostLink, handOver: HandOver): Promise<void> {
    const { handOvers } = this.#context.ledger
    // That journal is lost, and with it whether a host has acted on it.
    const isForgotten = handOver.journal !== null && handOver.journal !== link.journal
    // Before it is said: otherwise a host that loses its journal would seem never to have heard of it.
    if (handOver.journal === null) handOvers.saidTo(handOver.id, link.journal)
    switch (handOver.kind) {
      case "start":
        return this.#start(link, handOver, { recoverOnly: isForgotten })
      case "steer":
        return isForgotten ? this.#options.onSteered(handOver, "unknown") : this.#steer(link, handOver)
      case "answer":
        return this.#answer(link, handOver)
      case "stop":
        await link.command({
          kind: "turn.interrupt",
          session: handOver.session,
          attempt: handOver.attempt,
        })
    }
  }

  async #start(link: HostLink, handOver: HandOver, { recoverOnly }: { recoverOnly: boolean }): Promise<void> {
    const { ledger } = this.#context
    const { attempt, id } = handOver
    const turn = ledger.turns.find(handOver.turn)
    const session = ledger.sessions.find(handOver.session)
    if (!turn || !session) return
    const hadEffects = turn.attempts > 1 && ledger.facts.hadEffects(turn.id)
    const prompt = retryPrompt(turn.prompt, { hadEffects })
    const spec = this.#specOf(session)
    const { state } = await link.command({ kind: "turn.start", attempt, spec, prompt, recoverOnly })
    if (recoverOnly) ledger.handOvers.saidTo(id, link.journal)
    if (state === "ended" && this.#options.catchUp(link)) this.#giveUpUntold(handOver)
  }

  /**
   * The host says it is over, yet its last event was never seen: its result is lost, and that is said. A turn that waits
   * for its next attempt keeps the name of its last one, whose end was seen.
   */
  #giveUpUntold({ turn, attempt }: HandOver): void {
    const { ledger } = this.#context
    ledger.transact(() => {
      const current = ledger.turns.find(turn)
      if (!current || !isAtWork(current) || current.attempt !== attempt) return
      this.#options.events.giveUp(current, { kind: "indeterminate", consumed: "yes", text: "" })
    })
  }

  async #steer(link: HostLink, handOver: Of<"steer" | "start" | "stop">): Promise<void> {
    const { id: steerId, session, attempt, turn } = handOver
    const steered = this.#context.ledger.turns.find(turn)
    if (!steered) return
    const { prompt } = steered
    const { outcome } = await link.command({ kind: "turn.steer", session, attempt, steerId, prompt })
    this.#options.onSteered(handOver, outcome)
  }

  async #answer(link: HostLink, { session, request }: Of<"answer">): Promise<void> {
    const { ledger, log, clock } = this.#context
    const answer = ledger.requests.find(request)?.answer
    if (!answer) return
    const { outcome } = await link.command({ kind: "request.answer", session, request, answer })
    if (outcome === "gone") log.info({ request }, "the agent no longer waited for this answer")
    ledger.transact(() => {
      if (outcome === "gone") this.#options.events.missed(request)
      else answerDone(ledger, request, clock.now())
    })
  }

  /** @throws whatever is no refusal: the link's end, a disk that takes nothing, a fault of ours. */
  #onRefused(handOver: HandOver, error: unknown): void {
    if (!(error instanceof HostLinkError) || isLinkLost(error) || isStuck(error)) throw error
    const { log } = this.#context
    const { id, kind, turn } = handOver
    log.warn({ err: error, id, kind, turn }, "the host refused what it was owed")
    if (kind === "start") this.#fail(handOver, error)
    if (kind === "steer") this.#options.onSteered(handOver, "too_late")
  }

  #fail({ turn, attempt }: HandOver, error: HostLinkError): void {
    const { ledger, log } = this.#context
    const logId = log.keep("the host refused a turn", error)
    const failure = { ...failureOfLink(error), logId }
    ledger.transact(() => {
      const current = ledger.turns.find(turn)
      if (!current || !isAtWork(current) || current.attempt !== attempt) return
      this.#options.events.giveUp(current, { kind: "failed", failure, text: "" })
    })
  }

  /** The session as the host must open it. */
  #specOf(session: Session): SessionSpec {
    const binding = this.#context.ledger.sessions.providerBinding(session.id, session.provider)
    return {
      session: session.id,
      provider: session.provider,
      workspace: session.workspace,
      nativeId: binding?.nativeId ?? null,
      settings: session.settings,
    }
  }
}
