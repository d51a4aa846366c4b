import { sumOfContext } from "../../core/context-words.ts"
import { shortText } from "../../core/short-text.ts"
import { isAtWork } from "../../core/turn.ts"
import { type Call, type Choice, command } from "./command.ts"
import { titleOf } from "./switch.ts"
import { turnOffer } from "./turn-offer.ts"
import { bold, code, concat, join, type Words } from "./words.ts"

/** The command that continues a provider's session in a terminal; only for agents whose program has one. */
const RESUME: Readonly<Record<string, (id: string) => string>> = {
  codex: (id) => `codex resume ${id}`,
  claude: (id) => `claude --resume ${id}`,
}
/** Telegram copies at most this much. */
const COPIED = 256
const LINE = 200

export const status = command({
  name: "status",
  arguments: {},
  needs: ["session"],
  prepare: (call) => () => {
    const { say, session } = call
    const { ledger } = call.kernel
    const binding = ledger.sessions.providerBinding(session.id, session.provider)
    const used = { ...session.settings, ...binding?.settings }
    const open = ledger.turns.open(session.id)
    const atWork = open.find(isAtWork)
    const last = ledger.turns.recent(session.id, 1)[0]
    const standard = say("label.default")
    const resume = binding && RESUME[session.provider]?.(binding.nativeId)
    const inTerminal = resume ? `cd ${session.workspace} && ${resume}` : null
    const rows: readonly (Words | null)[] = [
      row(say("label.provider"), call.labelOf(session.provider)),
      row(say("label.workspace"), code(session.workspace)),
      row(say("label.model"), used.model ?? standard),
      used.effort ? row(say("label.effort"), used.effort) : null,
      row(say("label.mode"), used.mode ?? standard),
      row(say("label.sandbox"), used.sandbox ?? standard),
      row(say("label.state"), stateOf(call, atWork?.state)),
      row(say("label.queue"), String(open.filter((turn) => turn.state === "queued").length)),
      row(say("label.requests"), String(ledger.requests.openOf(session.id).length)),
      last?.usage ? row(say("label.context"), sumOfContext(last.usage) ?? "—") : null,
      last?.usage?.costUsd === undefined ? null : row(say("label.cost"), `$${last.usage.costUsd.toFixed(2)}`),
      binding ? row(say("label.native"), code(binding.nativeId)) : null,
      inTerminal === null ? null : row(say("label.resume"), code(inTerminal)),
    ]
    const title = bold(`${session.id} · ${titleOf(call, session)}`)
    const shown = rows.filter((entry) => entry !== null)
    const copy: Choice[] =
      inTerminal !== null && inTerminal.length <= COPIED
        ? [{ label: say("button.copy"), does: { copy: inTerminal } }]
        : []
    const stop: Choice[] = atWork
      ? [{ label: say("button.stop"), does: turnOffer("stop", atWork), style: "danger" }]
      : []
    call.reply({
      words: join([title, ...shown], "\n"),
      choices: [stop, copy].filter((choices) => choices.length > 0),
    })
    call.place.showRequests(session.id)
  },
})

const row = (label: string, value: Words | string): Words =>
  concat(`${label}: `, typeof value === "string" ? shortText(value, LINE) : value)

function stateOf({ say }: Pick<Call, "say">, state: string | undefined): string {
  switch (state) {
    case "waiting":
      return say("label.waiting")
    case "running":
      return say("label.working")
    case "dispatching":
      return say("label.starting")
    default:
      return say("label.idle")
  }
}
