import { isCancel, select } from "@clack/prompts"
import { chatText } from "../../core/texts/chat.ts"
import { configText } from "../../core/texts/config.ts"
import type { SessionSummary } from "../../protocol/control.ts"
import { ProviderId, type SessionId } from "../../protocol/ids.ts"
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
    client.createSession({
      ...(provider ? { provider } : {}),
      ...(wish.workspace ? { workspace: wish.workspace } : {}),
    })
  if (wish.session === undefined && (provider || wish.workspace)) return await create()
  const { sessions } = await client.sessions({ archived: wish.session !== undefined })
  if (wish.session !== undefined) return findSession(sessions, wish.session, context)
  if (sessions.length === 0 || !context.stdin.isTTY) return await create()
  const chosen = await choose(context, sessions.slice(0, offered))
  if (chosen === null) return null
  return chosen === "new" ? await create() : findSession(sessions, chosen, context)
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

function findSession(
  sessions: readonly SessionSummary[],
  id: SessionId,
  { say }: CliContext,
): SessionSummary {
  const found = sessions.find((session) => session.id === id)
  if (found) return found
  const known = sessions.slice(0, offered).map((session) => session.id)
  throw new UsageError([say("usage.unknown_session", { id, known: known.join(", ") || "–" })])
}

function parseProvider(value: string, { say, config }: CliContext): ProviderId {
  const parsed = ProviderId.safeParse(value)
  if (parsed.success) return parsed.data
  const accepted = configText(config.language)("accept.provider")
  throw new UsageError([say("usage.bad_value", { name: "--provider", value, accepted })])
}
