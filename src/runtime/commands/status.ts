import { sumOfContext } from "../../core/context-words.ts"
import { shellWord } from "../../core/shell-word.ts"
import { shortText } from "../../core/short-text.ts"
import { isAtWork } from "../../core/turn.ts"
import type { Session } from "../../ledger/sessions.ts"
import { OwnerError } from "../errors.ts"
import { type Call, type Choice, command, type SessionCall } from "./command.ts"
import { titleOf } from "./switch.ts"
import { turnOffer } from "./turn-offer.ts"
import { bold, code, concat, join, type Words } from "./words.ts"

/** How long the agent is asked for how it is gone on with in a terminal. */
const ASKING_MS = 5_000
/** Telegram copies at most this much. */
const COPIED = 256
const LINE = 200

export const status = command({
  name: "status",
  arguments: {},
  needs: ["session"],
  async prepare(call) {
    const inTerminal = await commandFor(call, call.session)
    return () => show(call, inTerminal)
  },
})

function show(call: SessionCall, inTerminal: string | null): void {
  const { say, session } = call
  const { ledger } = call.kernel
  const binding = ledger.sessions.providerBinding(session.id, session.provider)
  const used = { ...session.settings, ...binding?.settings }
  const open = ledger.turns.open(session.id)
  const atWork = open.find(isAtWork)
  const last = ledger.turns.recent(session.id, 1)[0]
  const standard = say("label.default")
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
}

/** What a shell is told to go on with the session; null where its agent has no such program, or nobody says. */
async function commandFor({ kernel }: Pick<Call, "kernel">, session: Session): Promise<string | null> {
  const binding = kernel.ledger.sessions.providerBinding(session.id, session.provider)
  if (!binding) return null
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = kernel.clock.after(ASKING_MS, () => resolve(null))
  const asked = kernel.providers.findNative(session.provider, binding.nativeId).catch((error: unknown) => {
    if (error instanceof OwnerError) return null
    throw error
  })
  const found = await Promise.race([asked, late]).finally(() => timer.cancel())
  if (!found?.terminal) return null
  return `cd ${shellWord(session.workspace)} && ${found.terminal.map(shellWord).join(" ")}`
}

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
