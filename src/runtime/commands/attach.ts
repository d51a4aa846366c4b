/** `/attach`: continue a session that was started in a terminal. */
import type { ProviderId } from "../../protocol/ids.ts"
import type { NativeSession } from "../../protocol/session.ts"
import { type Call, command } from "./command.ts"
import type { Effect } from "./effect.ts"
import { pick } from "./pick.ts"
import { titleOf } from "./switch.ts"
import { bold, concat } from "./words.ts"

const OFFERED = 10

export const attach = command({
  name: "attach",
  arguments: { agent: { kind: "word" }, id: { kind: "word" } },
  needs: ["machine", "hand"],
  async prepare(call, { agent, id }) {
    if (agent === null) return offerProviders(call)
    const provider = await call.kernel.providers.mustKnow(agent)
    if (id === null) return offerSessions(call, provider)
    const native = await call.kernel.providers.findNative(provider, id)
    return () => {
      const session = call.kernel.sessions.attach(provider, native)
      call.place.show(session.id)
      const text = call.say("session.attached", { session: session.id, title: titleOf(call, session) })
      call.reply({ words: concat(bold(text), "\n", session.workspace) })
    }
  },
})

async function offerProviders(call: Call): Promise<Effect> {
  const statuses = await call.kernel.providers.statuses()
  const able = statuses.filter((status) => status.state === "ready" && status.capabilities.listNative)
  const [only] = able
  if (only && able.length === 1) return offerSessions(call, only.provider)
  const options = able.map(({ label, provider }) => ({ label, args: { agent: provider } }))
  return () => pick(call, { command: "attach", title: call.say("attach.choose_provider"), options })
}

async function offerSessions(call: Call, provider: ProviderId): Promise<Effect> {
  const sessions = await call.kernel.providers.native(provider, OFFERED)
  const agent = call.labelOf(provider)
  return () => {
    if (sessions.length === 0) return call.reply({ words: call.say("attach.none", { provider: agent }) })
    const options = sessions.map((native) => ({
      label: label(call, native),
      args: { agent: provider, id: native.nativeId },
    }))
    const title = bold(call.say("attach.choose", { provider: agent }))
    pick(call, { command: "attach", title, options, args: { agent: provider } })
  }
}

function label(call: Call, { workspace, updatedAt, title, state }: NativeSession): string {
  const directory = workspace.split("/").at(-1) ?? workspace
  const busy = state === "open_elsewhere" ? `${call.say("attach.open_elsewhere")} · ` : ""
  return `${age(call.kernel.clock.now() - updatedAt)} · ${busy}${directory} · ${title}`
}

function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 60) return `${minutes}m`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)}h` : `${Math.round(minutes / 1440)}d`
}
