import { isCancel, select } from "@clack/prompts"
import { chatText } from "../../core/texts/chat.ts"
import { configText } from "../../core/texts/config.ts"
import { ApiRefusal } from "../../protocol/calls.ts"
import { ProviderId, type SessionId } from "../../protocol/ids.ts"
import type { SessionSummary } from "../../protocol/replies.ts"
import type { CliContext } from "../context.ts"
import { harmless } from "../harmless.ts"
import { UsageError } from "../usage-error.ts"

export interface SessionWish {
  readonly session: SessionId | undefined
  readonly provider?: string
  readonly workspace?: string
}

const offered = 15

/** The session that was named, a new one when a provider or directory was given, else the owner's choice. */
export async function pickSession(context: CliContext, wish: SessionWish): Promise<SessionSummary | null> {
  const { client } = context
  const provider = wish.provider === undefined ? undefined : parseProvider(wish.provider, context)
  const create = () =>
    client.call("session.create", {
      ...(provider ? { provider } : {}),
      ...(wish.workspace ? { workspace: wish.workspace } : {}),
    })
  if (wish.session === undefined && (provider || wish.workspace)) return await create()
  if (wish.session !== undefined) return await findSession(wish.session, context)
  const { sessions } = await client.call("session.list", { limit: offered })
  if (sessions.length === 0 || !context.stdin.isTTY) return await create()
  const chosen = await choose(context, sessions)
  if (chosen === null) return null
  return chosen === "new" ? await create() : await findSession(chosen, context)
}

async function choose(
  { config }: CliContext,
  sessions: readonly SessionSummary[],
): Promise<SessionId | "new" | null> {
  const say = chatText(config.language)
  const chosen = await select<SessionId | "new">({
    message: say("chat.pick"),
    options: [
      ...sessions.map(({ id, title, provider, workspace }) => ({
        value: id,
        label: `${id}  ${harmless(title) || say("chat.untitled")}`,
        hint: say("chat.pick_hint", { provider, workspace: harmless(workspace) }),
      })),
      { value: "new", label: say("chat.pick_new") },
    ],
  })
  return isCancel(chosen) ? null : chosen
}

async function findSession(id: SessionId, { client, say }: CliContext): Promise<SessionSummary> {
  try {
    return await client.call("session.read", { session: id })
  } catch (error) {
    if (!(error instanceof ApiRefusal && error.code === "not_found")) throw error
    const { sessions } = await client.call("session.list", { limit: offered })
    const known = sessions.map((session) => session.id).join(", ") || "–"
    throw new UsageError([say("usage.unknown_session", { id, known })])
  }
}

function parseProvider(value: string, { say, config }: CliContext): ProviderId {
  const parsed = ProviderId.safeParse(value)
  if (parsed.success) return parsed.data
  const accepted = configText(config.language)("accept.provider")
  throw new UsageError([say("usage.bad_value", { name: "--provider", value, accepted })])
}
