/** `/attach`: continue a session that was started in a terminal. */
import type { ProviderId } from "../../protocol/ids.ts"
import type { NativeSession } from "../../protocol/session.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import { bold, concat } from "../rendering/rich.ts"
import { choiceButtons } from "./choice.ts"
import type { Call, Command } from "./command.ts"
import { titleOf } from "./switch.ts"

const OFFERED = 10

export const attach: Command = {
  name: "attach",
  usage: "[agent] [id]",
  async prepare(call) {
    const [first, second] = call.words
    if (first === undefined) return offerProviders(call)
    const provider = await call.kernel.providers.mustKnow(first)
    if (second === undefined) return offerSessions(call, provider)
    const native = await call.kernel.providers.findNative(provider, second)
    return () => {
      const session = call.kernel.sessions.attach(provider, native)
      call.kernel.sessions.bind(call.channel.id, session.id)
      const text = call.say("session.attached", { session: session.id, title: titleOf(call, session) })
      call.reply(concat(bold(text), "\n", session.workspace))
    }
  },
}

async function offerProviders(call: Call): Promise<Effect> {
  const statuses = await call.kernel.providers.statuses()
  const able = statuses.filter((status) => status.state === "ready" && status.capabilities.listNative)
  const [only] = able
  if (only && able.length === 1) return offerSessions(call, only.provider)
  const choices = able.map((status) => ({ label: status.label, line: `/attach ${status.provider}` }))
  return () => call.reply(call.say("attach.choose_provider"), choiceButtons(call, choices))
}

async function offerSessions(call: Call, provider: ProviderId): Promise<Effect> {
  const sessions = await call.kernel.providers.native(provider, OFFERED)
  return () => {
    if (sessions.length === 0)
      return call.reply(call.say("attach.none", { provider: call.labelOf(provider) }))
    const choices = sessions.map((native) => ({
      label: label(call, native),
      line: `/attach ${provider} ${native.nativeId}`,
    }))
    call.reply(
      bold(call.say("attach.choose", { provider: call.labelOf(provider) })),
      choiceButtons(call, choices),
    )
  }
}

function label(call: Call, native: NativeSession): string {
  const directory = native.workspace.split("/").at(-1) ?? native.workspace
  const busy = native.state === "open_elsewhere" ? ` · ${call.say("attach.open_elsewhere")}` : ""
  return (
    `${age(call.kernel.clock.now() - native.updatedAt)} · ${directory} · ${native.title}`.slice(0, 58) + busy
  )
}

function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 60) return `${minutes}m`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)}h` : `${Math.round(minutes / 1440)}d`
}
