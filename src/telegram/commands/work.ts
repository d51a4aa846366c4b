/** `/stop`, `/queue`, `/steer`: the turn at work and those that wait. */
import { isAtWork } from "../../core/turn.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { bold, concat, join } from "../rendering/rich.ts"
import { promptLine } from "../words/prompt-line.ts"
import type { Call, Command } from "./command.ts"
import { mustHaveSession } from "./needs-session.ts"

export const stop: Command = {
  name: "stop",
  usage: "",
  prepare: (call) => () => {
    const session = mustHaveSession(call)
    const { running } = call.kernel.turns.stop(session.id, { clearQueue: false })
    const waiting = call.kernel.ledger.turns.open(session.id).filter((turn) => turn.state === "queued")
    if (!running) return call.reply(nothingRuns(call, waiting.length))
    const clear = call.button(call.say("button.stop_clear"), {
      kind: "turn.stop",
      turn: running.id,
      clearQueue: true,
    })
    const hasBegun = isAtWork(running) || running.startedAt !== null
    const said = hasBegun
      ? call.say("stop.stopping", { session: session.id })
      : call.say("stop.not_begun", { text: promptLine(running, 80) })
    call.reply(said, waiting.length > 0 ? [[clear]] : [])
  },
}

/** What waits then waits for the owner's own word: it is not stopped, and not passed over in silence either. */
function nothingRuns({ say }: Call, waiting: number): string {
  return waiting === 0
    ? say("stop.nothing")
    : `${say("stop.nothing")} ${say("stop.waiting", { count: waiting })}`
}

export const queue: Command = {
  name: "queue",
  usage: "",
  prepare: (call) => () => {
    const session = mustHaveSession(call)
    const open = call.kernel.ledger.turns.open(session.id)
    const waiting = open.filter((turn) => turn.state === "queued")
    if (open.length === 0) return call.reply(call.say("queue.empty"))
    const lines = open.map((turn, index) => concat(`${index + 1}. `, label(call, turn)))
    const buttons = waiting
      .slice(0, 10)
      .map((turn) => [
        call.button(`↑ ${promptLine(turn, 24)}`, { kind: "turn.next", turn: turn.id }),
        call.button(call.say("button.edit"), { kind: "turn.edit", turn: turn.id }),
        call.button(call.say("button.drop"), { kind: "turn.drop", turn: turn.id }, "danger"),
      ])
    call.reply(join([bold(call.say("queue.title", { session: session.id })), ...lines], "\n"), buttons)
  },
}

export const steer: Command = {
  name: "steer",
  usage: "<text>",
  prepare: (call) => {
    const session = mustHaveSession(call)
    if (call.rest === "") return () => call.reply(call.say("steer.usage"))
    return () => {
      const turn = call.kernel.turns.submit({
        session: session.id,
        origin: "owner",
        channel: call.channel.id,
        sourceMessage: call.message === null ? null : String(call.message),
        clientId: call.clientId,
        prompt: { text: call.rest, files: [] },
        hold: null,
      })
      if (isBusy(call, session.id)) call.kernel.turns.steer(turn.id)
    }
  },
}

/** Without a turn at work the text is simply the next prompt. */
function isBusy(call: Call, session: SessionId): boolean {
  return call.kernel.ledger.turns
    .open(session)
    .some((turn) => turn.state === "running" || turn.state === "waiting")
}

function label(call: Call, turn: Turn) {
  const text = promptLine(turn, 80)
  if (turn.hold?.kind === "confirm") return `${text} — ${call.say("queue.asks")}`
  if (turn.state === "steering") return `${text} — ${call.say("queue.steering")}`
  return turn.state === "queued" ? text : concat(bold(call.say("queue.running")), `: ${text}`)
}
