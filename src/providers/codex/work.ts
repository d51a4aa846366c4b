/** What Codex works on in a session now: one attempt at most, its sub-agents, what they ask, and the goal they pursue. */
import { AttemptId } from "../../protocol/ids.ts"
import type { Outcome } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"
import { SilenceWatch } from "../silence.ts"
import { Asking } from "./asking.ts"
import type { Connection, ServerRequest } from "./connection.ts"
import { ADAPTER_FAILED } from "./failure.ts"
import { GoalWatch } from "./goal.ts"
import { type HelperAsk, Helpers } from "./helpers.ts"
import type { Goal, Notification, Turn as WireTurn } from "./incoming.ts"
import type { Litter } from "./leftovers.ts"
import { type Ended, outcomeOf } from "./outcome.ts"
import type { Shared } from "./shared.ts"
import { cleanUp, giveUp, type Stopping } from "./stopping.ts"
import { Turn } from "./turn.ts"

const SILENT_NOTICE_MS = 60_000
const SILENT_LIMIT_MS = 10 * 60_000
/** How long Codex may take to begin the next turn towards an active goal; it takes a tenth of a second. */
const NEXT_TURN_WAIT_MS = 10_000

export interface WorkParts {
  readonly shared: Shared
  readonly sink: EventSink
  readonly stopping: (turn: Turn) => Stopping
  /** Codex has begun with the prompt on its way. */
  readonly onAccepted: (turn: Turn, id: string) => void
  /** Nothing was heard for a while. */
  readonly onSilent: () => void
}

/** Between two turns towards a goal. */
interface Pause {
  readonly ended: WireTurn
  readonly timer: { cancel(): void }
}

export class Work {
  readonly asking: Asking
  readonly helpers: Helpers
  readonly goal = new GoalWatch()
  /** What was not there before the turn, and so is litter after it. */
  litter: Litter = []
  readonly #parts: WorkParts
  #turn: Turn | null = null
  #silence: SilenceWatch | null = null
  #pause: Pause | null = null

  constructor(parts: WorkParts) {
    this.#parts = parts
    this.asking = new Asking(parts.shared)
    this.helpers = new Helpers(parts.shared.context.log)
  }

  get turn(): Turn | null {
    return this.#turn
  }

  /** Whether the attempt goes on, but no turn of Codex' runs just now. */
  get isPaused(): boolean {
    return this.#pause !== null
  }

  // Its beginning

  begin(attempt: AttemptId, { isOwn, helper }: Pick<Turn, "isOwn" | "helper">): Turn {
    const { shared, sink, onSilent } = this.#parts
    const { clock, valve, config, log } = shared.context
    const turn = new Turn({
      ...{ attempt, isOwn, helper, sink, log, startedAt: clock.now() },
      onUnread: (kind) => shared.ignoredItem(kind),
    })
    this.#silence?.stop()
    this.#turn = turn
    this.#silence = new SilenceWatch({
      ...{ clock, valve },
      noticeMs: config.silentNoticeMs ?? SILENT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? SILENT_LIMIT_MS,
      toolIsRunning: () => false,
      isPaused: () => turn.isAtWork || this.asking.isWaiting,
      onNotice: (seconds) => {
        turn.notice({ code: "silent", seconds })
        onSilent()
      },
      onLimit: () => void this.#giveUp(turn),
    })
    return turn
  }

  /** A turn that no prompt of ours began: the owner's in his terminal, or one towards a goal. */
  beginOwn(id: string): void {
    const before = this.#turn
    const turn = this.#beginUnasked(null)
    turn.accept(id, { began: this.goal.isActive ? "works towards its goal" : "begun in another Codex" })
    this.#tellGoal()
    if (before !== null) this.end(before, { kind: "completed", text: before.text() })
  }

  #beginForHelper(thread: string): Turn {
    const turn = this.#beginUnasked(thread)
    turn.accept(this.helpers.turnOf(thread) ?? thread, { began: "asked by a sub-agent" })
    return turn
  }

  #beginUnasked(helper: string | null): Turn {
    return this.begin(AttemptId.parse(this.#parts.shared.context.newId()), { isOwn: true, helper })
  }

  // While it runs

  notified(notification: Notification): void {
    switch (notification.method) {
      case "turn/started":
        this.#onStarted(notification.params.turn.id)
        break
      case "turn/completed":
        return this.#onCompleted(notification.params.turn)
      case "thread/goal/updated":
        return this.#onGoal(notification.params.goal)
      case "thread/goal/cleared":
        return this.#onGoal(null)
      case "serverRequest/resolved":
        this.asking.resolved(notification.params.requestId, this.#turn)
        break
      default:
        if (!this.#isOf(this.#turn, notification)) return
        this.#turn?.handle(notification)
    }
    this.#heard(notification)
  }

  requested(connection: Connection, request: ServerRequest): void {
    this.asking.ask({ connection, request, turn: this.#turn, helper: null })
  }

  helperNotified(thread: string, connection: Connection, notification: Notification): void {
    this.helpers.notified(thread, connection, notification)
    if (notification.method === "serverRequest/resolved") {
      this.asking.resolved(notification.params.requestId, this.#turn)
    }
    const turn = this.#turn
    if (turn?.helper === thread) {
      if (notification.method === "turn/completed") return this.#onCompleted(notification.params.turn)
      if (this.#isOf(turn, notification)) turn.handle(notification)
    }
    this.#heard(notification)
  }

  helperRequested(thread: string, connection: Connection, request: ServerRequest): void {
    this.#askFor({ thread, connection, request })
  }

  /** Under the attempt that runs when its name is known, and one of its own where none does. */
  #askFor(ask: HelperAsk): void {
    const { thread, connection, request } = ask
    this.helpers.asked(ask)
    const put = (name: string): void => {
      if (!this.helpers.isWaiting(request.id)) return
      const changesOf = (item: string) => this.helpers.changesOf(thread, item)
      const turn = this.#turn ?? this.#beginForHelper(thread)
      this.asking.ask({ connection, request, turn, helper: { thread, name, changesOf } })
    }
    this.helpers.nameOf(thread, connection).then(put).catch(this.failed)
  }

  #isOf(turn: Turn | null, { params }: Notification): boolean {
    return turn !== null && "turnId" in params && params.turnId === turn.id
  }

  #heard({ method, params }: Notification): void {
    if (this.#turn === null || (method === "error" && params.willRetry)) return
    this.#turn.isReconnecting = false
    this.#silence?.heard()
  }

  #onStarted(id: string): void {
    const turn = this.#turn
    if (turn === null || turn.helper !== null) return this.beginOwn(id)
    if (turn.id === null) return this.#parts.onAccepted(turn, id)
    if (this.#pause === null) return
    this.#endPause()
    turn.goOn(id)
  }

  #onGoal(goal: Goal | null): void {
    this.goal.update(goal)
    this.#tellGoal()
    if (this.#turn !== null && this.#pause !== null && !this.goal.isActive) this.#endAtPause(this.#turn)
  }

  #tellGoal(): void {
    const news = this.#turn?.helper === null ? this.goal.news() : null
    if (news) this.#turn?.notice(news)
  }

  // Its end

  #onCompleted(completed: WireTurn): void {
    const turn = this.#turn
    if (turn === null || turn.id !== completed.id) return
    turn.takeTranscript(completed)
    const goesOn = turn.helper === null && turn.stop === null && this.goal.isActive
    if (completed.status === "completed" && goesOn) return this.#awaitNext(turn, completed)
    void this.conclude(turn, completed, { died: null }).catch(this.failed)
  }

  #awaitNext(turn: Turn, ended: WireTurn): void {
    const { clock } = this.#parts.shared.context
    const timer = clock.after(NEXT_TURN_WAIT_MS, () => this.#endAtPause(turn))
    this.#pause = { ended, timer }
  }

  #endAtPause(turn: Turn): void {
    const ended = this.#pause?.ended
    if (ended === undefined) return
    this.#endPause()
    const status = turn.stop === null ? ended.status : "interrupted"
    void this.conclude(turn, { ...ended, status }, { died: null }).catch(this.failed)
  }

  #endPause(): void {
    this.#pause?.timer.cancel()
    this.#pause = null
  }

  async conclude(turn: Turn, ended: WireTurn, how: Pick<Ended, "died">): Promise<void> {
    if (ended.status === "interrupted") await cleanUp(this.#parts.stopping(turn), this.litter)
    this.end(turn, outcomeOf(this.#parts.shared, turn, { ...ended, ...how }))
  }

  end(turn: Turn, outcome: Outcome): void {
    this.#release(turn)
    this.asking.withdrawAll(turn.record)
    turn.end(outcome)
    const asks = this.helpers.takeAsks()
    // A stop ends the sub-agents, too; else they wait on, and are answered under what runs next.
    if (turn.stop === null) for (const ask of asks) this.#askFor(ask)
  }

  abandon(turn: Turn): void {
    this.#release(turn)
    turn.abandon()
  }

  /** What was told made us throw. */
  readonly failed = (error: unknown): void => {
    const { log } = this.#parts.shared.context
    log.error({ error }, "what Codex told could not be worked with")
    const turn = this.#turn
    if (turn === null) return
    const logId = log.keep("codex adapter", String(error))
    this.end(turn, { kind: "failed", failure: { ...ADAPTER_FAILED, logId }, text: turn.text() })
  }

  #release(turn: Turn): void {
    if (this.#turn !== turn) return
    this.#turn = null
    this.#silence?.stop()
    this.#endPause()
  }

  async #giveUp(turn: Turn): Promise<void> {
    const outcome = await giveUp(this.#parts.stopping(turn))
    if (outcome) this.end(turn, outcome)
  }
}
