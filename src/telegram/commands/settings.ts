/** `/model`, `/effort`, `/mode`, `/sandbox`: what the provider offers, and what the owner chose. */
import type { Session } from "../../ledger/sessions.ts"
import { Sandbox } from "../../protocol/session.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import { choiceButtons } from "./choice.ts"
import type { Call, Command } from "./command.ts"
import { mustHaveSession } from "./needs-session.ts"

const known = (names: readonly string[]): string => names.join(", ") || "—"

export const model: Command = {
  name: "model",
  usage: "[name]",
  async prepare(call) {
    const session = mustHaveSession(call)
    const { provider, id } = session
    const label = call.labelOf(provider)
    const models = await call.kernel.providers.models(provider)
    const names = models.map((entry) => entry.id)
    const { say } = call
    if (call.rest === "") {
      const now = current(call, session).model
      const choices = models.map((entry) => ({
        label: entry.label,
        line: `/model ${entry.id}`,
        isCurrent: entry.id === now,
      }))
      const text = say("model.choose", { session: id, model: now ?? say("label.default") })
      return () => call.reply(text, choiceButtons(call, choices))
    }
    if (names.length > 0 && !names.includes(call.rest)) {
      return () =>
        call.reply(say("model.unknown", { provider: label, model: call.rest, known: known(names) }))
    }
    return () => {
      call.kernel.sessions.configure(id, { model: call.rest })
      call.reply(say("model.set", { session: id, model: call.rest }))
    }
  },
}

export const effort: Command = {
  name: "effort",
  usage: "[level]",
  async prepare(call) {
    const session = mustHaveSession(call)
    const { provider, id } = session
    const label = call.labelOf(provider)
    const now = current(call, session)
    const models = await call.kernel.providers.models(provider)
    const used =
      models.find((entry) => entry.id === now.model) ?? models.find((entry) => entry.isDefault) ?? models[0]
    const levels = used?.efforts ?? []
    const { say } = call
    if (levels.length === 0) return () => call.reply(say("effort.none", { provider: label }))
    if (call.rest === "") {
      const choices = levels.map((level) => ({
        label: level,
        line: `/effort ${level}`,
        isCurrent: level === now.effort,
      }))
      const text = say("effort.choose", { session: id, effort: now.effort ?? say("label.default") })
      return () => call.reply(text, choiceButtons(call, choices))
    }
    if (!levels.includes(call.rest)) {
      return () => call.reply(say("effort.unknown", { effort: call.rest, known: known(levels) }))
    }
    return () => {
      call.kernel.sessions.configure(id, { effort: call.rest })
      call.reply(say("effort.set", { session: id, effort: call.rest }))
    }
  },
}

export const mode: Command = {
  name: "mode",
  usage: "[name]",
  async prepare(call) {
    const session = mustHaveSession(call)
    const { provider, id } = session
    const label = call.labelOf(provider)
    // Some agents name their modes only once a session is open: an older answer may not know them yet.
    const { modes } = await call.kernel.providers.status(provider, { fresh: true })
    const now = current(call, session).mode
    const { say } = call
    if (modes.length === 0) return () => call.reply(say("mode.none", { provider: label }))
    if (call.rest === "") {
      const choices = modes.map((entry) => {
        const meaning = say(`mode.${entry.meaning}`)
        return {
          // One word needs explaining; a phrase is the agent's own explanation.
          label: meaning === "" || /\s/.test(entry.label) ? entry.label : `${entry.label}: ${meaning}`,
          line: `/mode ${entry.id}`,
          isCurrent: entry.id === now,
        }
      })
      return () =>
        call.reply(
          say("mode.choose", { session: id, mode: now ?? say("label.default") }),
          choiceButtons(call, choices),
        )
    }
    const chosen = modes.find((entry) => entry.id === call.rest)
    if (!chosen) {
      const names = known(modes.map((entry) => entry.id))
      return () => call.reply(say("mode.unknown", { provider: label, mode: call.rest, known: names }))
    }
    return () => {
      call.kernel.sessions.configure(id, { mode: chosen.id })
      call.reply(say("mode.set", { session: id, mode: chosen.label }))
    }
  },
}

export const sandbox: Command = {
  name: "sandbox",
  usage: "[read-only | workspace-write | danger-full-access]",
  async prepare(call): Promise<Effect> {
    const session = mustHaveSession(call)
    const { provider, id } = session
    const label = call.labelOf(provider)
    const offered = (await call.kernel.providers.status(provider)).capabilities.sandbox
    const { say } = call
    if (offered.length === 0) return () => call.reply(say("sandbox.none", { provider: label }))
    const [name, confirmation] = call.words
    if (name === undefined) {
      const now = current(call, session).sandbox
      const choices = offered.map((entry) => ({
        label: entry,
        line: `/sandbox ${entry}`,
        isCurrent: entry === now,
      }))
      const text = say("sandbox.choose", { session: id, sandbox: now ?? say("label.default") })
      return () => call.reply(text, choiceButtons(call, choices))
    }
    const chosen = Sandbox.safeParse(name).data
    if (!chosen || !offered.includes(chosen)) {
      return () =>
        call.reply(say("sandbox.unknown", { provider: label, sandbox: name, known: known(offered) }))
    }
    if (chosen === "danger-full-access" && confirmation !== "confirmed") return () => askTwice(call)
    return () => {
      call.kernel.sessions.configure(id, { sandbox: chosen })
      call.reply(say("sandbox.set", { session: id, sandbox: chosen }))
    }
  },
}

function askTwice(call: Call): void {
  const { say } = call
  const yes = call.button(
    say("button.confirm"),
    { kind: "command", line: "/sandbox danger-full-access confirmed" },
    "danger",
  )
  call.reply(say("sandbox.danger"), [
    [yes],
    [call.button(say("button.cancel"), { kind: "command", line: "/sandbox" })],
  ])
}

/** What the provider reports, with what the owner chose since on top. */
function current(call: Call, session: Session) {
  const binding = call.kernel.ledger.sessions.providerBinding(session.id, session.provider)
  return { ...binding?.settings, ...session.settings }
}
