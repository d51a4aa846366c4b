import { bold, code, concat, join, type Rich } from "../rendering/rich.ts"
import { sumOfContext } from "../words/footer.ts"
import type { Call, Command } from "./command.ts"
import { mustHaveSession } from "./needs-session.ts"
import { titleOf } from "./switch.ts"

/** The command that continues a provider's session in a terminal; only for agents whose program has one. */
const RESUME: Readonly<Record<string, (id: string) => string>> = {
  codex: (id) => `codex resume ${id}`,
  claude: (id) => `claude --resume ${id}`,
}

export const status: Command = {
  name: "status",
  usage: "",
  prepare: (call) => () => {
    const session = mustHaveSession(call)
    const { ledger } = call.kernel
    const binding = ledger.sessions.providerBinding(session.id, session.provider)
    const used = { ...session.settings, ...binding?.settings }
    const open = ledger.turns.open(session.id)
    const last = ledger.turns.recent(session.id, 1)[0]
    const { say } = call
    const standard = say("label.default")
    const resume = binding && RESUME[session.provider]?.(binding.nativeId)
    const rows: readonly (Rich | null)[] = [
      row(say("label.provider"), call.labelOf(session.provider)),
      row(say("label.workspace"), code(session.workspace)),
      row(say("label.model"), used.model ?? standard),
      used.effort ? row(say("label.effort"), used.effort) : null,
      row(say("label.mode"), used.mode ?? standard),
      row(say("label.sandbox"), used.sandbox ?? standard),
      row(say("label.state"), stateOf(call, open[0]?.state)),
      row(say("label.queue"), String(open.filter((turn) => turn.state === "queued").length)),
      row(say("label.requests"), String(ledger.requests.openOf(session.id).length)),
      last?.usage ? row(say("label.context"), sumOfContext(last.usage) ?? "—") : null,
      last?.usage?.costUsd === undefined ? null : row(say("label.cost"), `$${last.usage.costUsd.toFixed(2)}`),
      binding ? row(say("label.native"), code(binding.nativeId)) : null,
      resume ? row(say("label.resume"), code(`cd ${session.workspace} && ${resume}`)) : null,
    ]
    const title = concat(bold(`${session.id} · ${titleOf(call, session)}`))
    const shown = rows.filter((entry): entry is Rich => entry !== null)
    const buttons = resume
      ? [[{ label: say("button.copy"), copy: `cd ${session.workspace} && ${resume}`.slice(0, 256) }]]
      : []
    call.reply(join([title, ...shown], "\n"), buttons)
  },
}

const row = (label: string, value: Rich | string): Rich => concat(`${label}: `, value)

function stateOf({ say }: Call, state: string | undefined): string {
  switch (state) {
    case "waiting":
      return say("status.waiting")
    case "running":
      return say("status.working")
    case "dispatching":
      return say("status.starting")
    default:
      return say("label.idle")
  }
}
