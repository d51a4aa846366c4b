/** `/stop`, `/queue`, `/steer`: the turn at work and those that wait. */
import { isAtWork } from "../../core/turn.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { type Call, type Choice, command } from "./command.ts"
import { promptLine } from "./prompt-line.ts"
import { turnOffer } from "./turn-offer.ts"
import { bold, concat, join, type Words } from "./words.ts"

const LINE = 80
const LABEL = 32
/** Prompts that get buttons of their own. */
const WITH_BUTTONS = 10
/** Prompts that are listed: more would not be read. */
const LISTED = 40

export const stop = command({
  name: "stop",
  arguments: {},
  needs: ["session", "hand"],
  prepare: (call) => () => {
    const { say, session, kernel } = call
    const { running } = kernel.turns.stop(session.id, { clearQueue: false })
    const waiting = kernel.ledger.turns.open(session.id).filter((turn) => turn.state === "queued")
    if (!running) return call.reply({ words: nothingRuns(call, waiting.length) })
    const hasBegun = isAtWork(running) || running.startedAt !== null
    const words = hasBegun
      ? say("stop.stopping", { session: session.id })
      : say("stop.not_begun", { text: promptLine(running, LINE) })
    const clear: Choice = { label: say("button.stop_clear"), does: turnOffer("stop", running, waiting) }
    call.reply({ words, choices: waiting.length > 0 ? [[clear]] : [] })
  },
})

/** What waits then waits for the owner's own word: it is not stopped, and not passed over in silence either. */
function nothingRuns({ say }: Pick<Call, "say">, waiting: number): string {
  return waiting === 0
    ? say("stop.nothing")
    : `${say("stop.nothing")} ${say("stop.waiting", { count: waiting })}`
}

export const queue = command({
  name: "queue",
  arguments: {},
  needs: ["session"],
  prepare: (call) => () => {
    const { say, session } = call
    const open = call.kernel.ledger.turns.open(session.id)
    if (open.length === 0) return call.reply({ words: say("queue.empty") })
    const lines = open.slice(0, LISTED).map((turn, index) => concat(`${index + 1}. `, line(call, turn)))
    const more = open.length > LISTED ? [say("queue.more", { count: open.length - LISTED })] : []
    const waiting = open.filter((turn) => turn.state === "queued").slice(0, WITH_BUTTONS)
    const choices = waiting.map((turn): readonly Choice[] => [
      { label: `↑ ${promptLine(turn, LABEL)}`, does: turnOffer("next", turn) },
      { label: say("button.edit"), does: turnOffer("edit", turn) },
      { label: say("button.drop"), does: turnOffer("drop", turn), style: "danger" },
    ])
    const title = bold(say("queue.title", { session: session.id }))
    call.reply({ words: join([title, ...lines, ...more], "\n"), choices })
  },
})

export const steer = command({
  name: "steer",
  arguments: { text: { kind: "rest", isRequired: true } },
  needs: ["session", "hand"],
  prepare: (call, { text }) => {
    const { session } = call
    return () => {
      const turn = call.place.submit(session.id, text)
      // What waits for the owner's word is not passed on unasked either.
      if (turn.state === "queued" && turn.hold === null && isBusy(call, session.id))
        call.kernel.turns.steer(turn.id)
    }
  },
})

/** Without a turn at work the text is simply the next prompt. */
function isBusy({ kernel }: Pick<Call, "kernel">, session: SessionId): boolean {
  return kernel.ledger.turns.open(session).some(({ state }) => state === "running" || state === "waiting")
}

function line({ say }: Pick<Call, "say">, turn: Turn): Words {
  const text = promptLine(turn, LINE)
  if (turn.hold?.kind === "confirm") return [`${text} — ${say("queue.asks")}`]
  if (turn.state === "steering") return [`${text} — ${say("queue.steering")}`]
  return turn.state === "queued" ? [text] : concat(bold(say("queue.running")), `: ${text}`)
}
