/** `/model`, `/effort`, `/mode`, `/sandbox`: what the provider offers, and what the owner chose. */
import type { Session } from "../../ledger/sessions.ts"
import { Sandbox } from "../../protocol/session.ts"
import { type Command, command, type SessionCall } from "./command.ts"
import { confirm, pick } from "./pick.ts"

type Setting = "model" | "effort" | "mode" | "sandbox"

/** What may be chosen; `shown` is what it is called once it is chosen. */
interface Offered {
  readonly value: string
  readonly label: string
  readonly shown?: string
}

interface SettingSpec {
  readonly name: Setting
  readonly shown?: string
  offer(call: SessionCall): Promise<readonly Offered[]>
  /** What must be confirmed before it is chosen, and in which words. */
  danger?(call: SessionCall, value: string): string | null
}

export const model = setting({
  name: "model",
  shown: "name",
  async offer({ kernel, session }) {
    const models = await kernel.providers.models(session.provider)
    return models.map(({ id, label }) => ({ value: id, label }))
  },
})

export const effort = setting({
  name: "effort",
  shown: "level",
  async offer(call) {
    const now = current(call)
    const models = await call.kernel.providers.models(call.session.provider)
    const used =
      models.find((entry) => entry.id === now.model) ?? models.find((entry) => entry.isDefault) ?? models[0]
    return (used?.efforts ?? []).map((level) => ({ value: level, label: level }))
  },
})

export const mode = setting({
  name: "mode",
  shown: "name",
  async offer({ kernel, session, say }) {
    // Some agents name their modes only once a session is open: an older answer may not know them yet.
    const { modes } = await kernel.providers.status(session.provider, { fresh: true })
    return modes.map(({ id, label, meaning: kind }) => {
      const meaning = say(`mode.${kind}`)
      // One word needs explaining; a phrase is the agent's own explanation.
      const isClear = meaning === "" || /\s/.test(label)
      return { value: id, label: isClear ? label : `${label}: ${meaning}`, shown: label }
    })
  },
})

export const sandbox = setting({
  name: "sandbox",
  shown: Sandbox.options.join(" | "),
  async offer({ kernel, session }) {
    const { capabilities } = await kernel.providers.status(session.provider)
    return capabilities.sandbox.map((entry) => ({ value: entry, label: entry }))
  },
  danger: ({ say, session }, value) =>
    value === "danger-full-access" ? say("sandbox.danger", { session: session.id }) : null,
})

function setting({ name, shown, offer, danger }: SettingSpec): Command {
  return command({
    name,
    arguments: { value: { kind: "rest", ...(shown ? { shown } : {}) } },
    needs: ["session", "machine", "hand"],
    async prepare(call, { value }) {
      const { say, session } = call
      const offered = await offer(call)
      const provider = call.labelOf(session.provider)
      const says = (words: string) => () => call.reply({ words })
      if (offered.length === 0 && name !== "model") return says(say(`${name}.none`, { provider }))
      if (value === null) {
        const now = current(call)[name]
        const title = say(`${name}.choose`, { session: session.id, value: now ?? say("label.default") })
        const options = offered.map((entry) => ({
          label: entry.label,
          args: { value: entry.value },
          isCurrent: entry.value === now,
        }))
        return () => pick(call, { command: name, title, options })
      }
      // An agent that names no models takes any.
      const chosen =
        offered.find((entry) => entry.value === value) ?? (offered.length === 0 ? { value } : null)
      if (!chosen) {
        const known = offered.map((entry) => entry.value).join(", ")
        return says(say(`${name}.unknown`, { provider, value, known }))
      }
      const warning = call.isConfirmed ? null : (danger?.(call, value) ?? null)
      if (warning !== null) return () => confirm(call, { command: name, words: warning, args: { value } })
      return () => {
        call.kernel.sessions.configure(session.id, { [name]: value })
        const said = "shown" in chosen ? chosen.shown : undefined
        call.reply({ words: say(`${name}.set`, { session: session.id, value: said ?? value }) })
      }
    },
  })
}

/** What the provider reports, with what the owner chose since on top. */
function current({ kernel, session }: { kernel: SessionCall["kernel"]; session: Session }) {
  const binding = kernel.ledger.sessions.providerBinding(session.id, session.provider)
  return { ...binding?.settings, ...session.settings }
}
