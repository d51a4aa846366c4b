/** `/start` and `/new`: fresh sessions. */

import { homedir } from "node:os"
import { resolve } from "node:path"
import { describeFailure, explainReason } from "../../core/failure-words.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import { type ProviderId, SessionId } from "../../protocol/ids.ts"
import type { ProviderStatus, Remedy } from "../../protocol/session.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import { bold, code, concat, join } from "../rendering/rich.ts"
import { choiceButtons } from "./choice.ts"
import type { Call, Command } from "./command.ts"
import { showSwitched } from "./switch.ts"

export const start: Command = {
  name: "start",
  usage: "[agent]",
  async prepare(call) {
    const [argument] = call.words
    if (argument === undefined) return offerProviders(call)
    const session = SessionId.safeParse(argument.toUpperCase())
    if (session.success) return () => showSwitched(call, call.kernel.sessions.must(session.data))
    const provider = await call.kernel.providers.mustKnow(argument)
    return () => createHere(call, { provider })
  },
}

export const fresh: Command = {
  name: "new",
  usage: "[agent] [path]",
  async prepare(call) {
    const { provider, path } = await readArguments(call)
    return () => createHere(call, { provider, ...(path === null ? {} : { workspace: path }) })
  },
}

async function readArguments(call: Call): Promise<{ provider: ProviderId; path: string | null }> {
  const [first, ...others] = call.words
  if (first === undefined) return { provider: await call.kernel.providers.choose(), path: null }
  if (looksLikePath(first)) return { provider: await call.kernel.providers.choose(), path: expand(call.rest) }
  const provider = await call.kernel.providers.mustKnow(first)
  const rest = others.join(" ")
  return { provider, path: rest === "" ? null : expand(rest) }
}

const looksLikePath = (word: string): boolean => /^[/~.]/.test(word)

const expand = (path: string): string => resolve(homedir(), path.replace(/^~(?=\/|$)/, homedir()))

function createHere(call: Call, given: { provider: ProviderId; workspace?: string }): void {
  const { kernel, say } = call
  const session = kernel.sessions.create(given)
  kernel.providers.rememberFirst(given.provider)
  const title = say("session.fresh", { session: session.id, provider: call.labelOf(session.provider) })
  // One topic is one session: a topic that has one keeps it.
  if (call.address.thread !== null && call.channel.session !== null) {
    call.openTopic(session, title)
    return call.reply(say("session.own_topic", { session: session.id }))
  }
  kernel.sessions.bind(call.channel.id, session.id)
  const where = session.workspaceKind === "external" ? concat("\n", code(session.workspace)) : ""
  call.reply(concat(bold(title), where, "\n", say("session.send")))
}

async function offerProviders(call: Call): Promise<Effect> {
  const statuses = await call.kernel.providers.statuses()
  const ready = statuses.filter((status) => status.state === "ready")
  const hasRealOne = ready.some((status) => status.provider !== "demo")
  return () => {
    const { say } = call
    const lead = hasRealOne ? say("start.choose_provider") : say("start.no_provider")
    const lines = statuses.map((status) => concat(bold(status.label), " — ", stateText(call, status)))
    const choices = ready.map((status) => ({ label: status.label, line: `/start ${status.provider}` }))
    call.reply(join([say("start.welcome"), join(lines, "\n"), lead], "\n\n"), choiceButtons(call, choices))
  }
}

function stateText({ say }: Call, status: ProviderStatus): string {
  if (status.state === "ready") return say("state.ready")
  return say(`state.${status.state}`, { remedy: remedyText(status, say) })
}

function remedyText({ remedies, failure, detail }: ProviderStatus, say: TelegramSay): string {
  if (failure) return describeFailure(failure, say)
  const texts = remedies.map((remedy) => wordRemedy(remedy, say))
  return texts.join("; ") || (detail ?? "—")
}

function wordRemedy(remedy: Remedy, say: TelegramSay): string {
  switch (remedy.kind) {
    case "install":
    case "update":
    case "sign_in":
      return remedy.command
    case "configure":
      return remedy.key
    case "sandbox":
      return remedy.reason ? explainReason(remedy.reason, say) : remedy.detail
  }
}
