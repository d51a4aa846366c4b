/** `/start` and `/new`: fresh sessions. */
import { homedir } from "node:os"
import { resolve } from "node:path"
import { describeFailure, explainReason } from "../../core/failure-words.ts"
import type { CommandSay } from "../../core/texts/command.ts"
import { type ProviderId, SessionId } from "../../protocol/ids.ts"
import type { ProviderStatus, Remedy } from "../../protocol/session.ts"
import { type Call, command } from "./command.ts"
import type { Effect } from "./effect.ts"
import { pick } from "./pick.ts"
import { showSwitched } from "./switch.ts"
import { bold, code, concat, join } from "./words.ts"

export const start = command({
  name: "start",
  arguments: { agent: { kind: "word" } },
  needs: ["machine", "hand"],
  async prepare(call, { agent }) {
    if (agent === null) return offerProviders(call)
    const session = SessionId.safeParse(agent.toUpperCase())
    if (session.success) return () => showSwitched(call, call.kernel.sessions.must(session.data))
    const provider = await call.kernel.providers.mustKnow(agent)
    return () => createHere(call, { provider })
  },
})

export const fresh = command({
  name: "new",
  arguments: { agent: { kind: "word" }, path: { kind: "rest" } },
  needs: ["machine", "hand"],
  async prepare(call, { agent, path }) {
    const { providers } = call.kernel
    if (agent === null) return makes(call, await providers.choose(), null)
    // Without an agent, the path comes first.
    if (looksLikePath(agent))
      return makes(call, await providers.choose(), path === null ? agent : `${agent} ${path}`)
    return makes(call, await providers.mustKnow(agent), path)
  },
})

function makes(call: Call, provider: ProviderId, path: string | null): Effect {
  return () => createHere(call, { provider, ...(path === null ? {} : { workspace: expand(path) }) })
}

const looksLikePath = (word: string): boolean => /^[/~.]/.test(word)

const expand = (path: string): string => resolve(homedir(), path.replace(/^~(?=\/|$)/, homedir()))

function createHere(call: Call, given: { provider: ProviderId; workspace?: string }): void {
  const { kernel, say, place } = call
  const session = kernel.sessions.create(given)
  kernel.providers.rememberFirst(given.provider)
  const title = say("session.fresh", { session: session.id, provider: call.labelOf(session.provider) })
  if (place.shown !== null && place.openBeside(session, title))
    return call.reply({ words: say("session.own_topic", { session: session.id }) })
  place.show(session.id)
  const where = session.workspaceKind === "external" ? concat("\n", code(session.workspace)) : ""
  call.reply({ words: concat(bold(title), where, "\n", say("session.send")) })
}

async function offerProviders(call: Call): Promise<Effect> {
  const statuses = await call.kernel.providers.statuses()
  const ready = statuses.filter((status) => status.state === "ready")
  const hasRealOne = ready.some((status) => status.provider !== "demo")
  return () => {
    const { say } = call
    const lead = hasRealOne ? say("start.choose_provider") : say("start.no_provider")
    const lines = statuses.map((status) => concat(bold(status.label), " — ", stateText(call, status)))
    pick(call, {
      command: "start",
      title: join([say("start.welcome"), join(lines, "\n"), lead], "\n\n"),
      options: ready.map(({ label, provider }) => ({ label, args: { agent: provider } })),
    })
  }
}

function stateText({ say }: Call, status: ProviderStatus): string {
  if (status.state === "ready") return say("state.ready")
  return say(`state.${status.state}`, { remedy: remedyText(status, say) })
}

function remedyText({ remedies, failure, detail }: ProviderStatus, say: CommandSay): string {
  if (failure) return describeFailure(failure, say)
  const texts = remedies.map((remedy) => wordRemedy(remedy, say))
  return texts.join("; ") || (detail ?? "—")
}

function wordRemedy(remedy: Remedy, say: CommandSay): string {
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
