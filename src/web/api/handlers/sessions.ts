/** Which sessions there are, new ones, what they work with, and stopping what runs in them. */
import { nextInQueue } from "../../../core/turn.ts"
import type { Session, SessionWindow } from "../../../ledger/sessions.ts"
import type { Turn } from "../../../ledger/turns.ts"
import type { Given } from "../../../protocol/api.ts"
import type { SessionId } from "../../../protocol/ids.ts"
import type { SessionDetail, SessionSummary, SessionsReply, StopReceipt } from "../../../protocol/replies.ts"
import type { Kernel } from "../../../runtime/kernel.ts"
import type { ApiContext } from "../context.ts"
import type { Handlers } from "../handler.ts"

export function sessionHandlers({
  kernel,
}: ApiContext): Handlers<
  "session.list" | "session.create" | "session.read" | "session.change" | "session.stop"
> {
  return {
    "session.list": (wanted) => listWindow(kernel, wanted),
    "session.create": (wanted) => createSession(kernel, wanted),
    "session.read": ({ session }) => detailOf(kernel, kernel.sessions.must(session)),
    "session.change": (change) => () => changeSession(kernel, change),
    "session.stop":
      ({ session, clearQueue }) =>
      () =>
        stopTurn(kernel, kernel.sessions.must(session).id, clearQueue),
  }
}

function listWindow(kernel: Kernel, { archived, before, limit }: Given<"session.list">): SessionsReply {
  const found = kernel.ledger.sessions.window({ before: parseCursor(before), limit: limit + 1, archived })
  const sessions = found.slice(0, limit)
  const last = sessions.at(-1)
  return {
    sessions: summarise(kernel, sessions),
    next: found.length > limit && last ? `${last.updatedAt}.${last.id.slice(1)}` : null,
  }
}

/** What is no cursor of ours begins with the newest. */
function parseCursor(text: string | undefined): SessionWindow["before"] {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(text ?? "")
  return match ? { updatedAt: Number(match[1]), number: Number(match[2]) } : null
}

/** Asks the agents before anything is written; the session itself is made with its receipt. */
async function createSession(kernel: Kernel, wanted: Given<"session.create">): Promise<() => SessionSummary> {
  const { providers } = kernel
  const provider = wanted.provider ? await providers.mustKnow(wanted.provider) : await providers.choose()
  const { workspace } = wanted
  return () => {
    const session = kernel.sessions.create({ provider, ...(workspace === undefined ? {} : { workspace }) })
    if (wanted.provider) providers.rememberFirst(provider)
    return summaryOf(kernel, session)
  }
}

function changeSession(
  kernel: Kernel,
  { session: id, title, archived, settings }: Given<"session.change">,
): SessionDetail {
  const { sessions } = kernel
  sessions.must(id)
  if (title !== undefined) sessions.rename(id, title)
  if (settings !== undefined) {
    const chosen = Object.entries(settings).map(([key, value]) => [key, value ?? undefined])
    sessions.configure(id, Object.fromEntries(chosen))
  }
  if (archived !== undefined) archived ? sessions.archive(id) : sessions.reopen(id)
  return detailOf(kernel, sessions.must(id))
}

function stopTurn(kernel: Kernel, session: SessionId, clearQueue: boolean): StopReceipt {
  const { running, dropped } = kernel.turns.stop(session, { clearQueue })
  return {
    turn: running?.id ?? null,
    dropped: dropped.map(({ id }) => id),
    queued: queuedOf(kernel.ledger.turns.open(session)),
  }
}

function detailOf(kernel: Kernel, session: Session): SessionDetail {
  const { id, provider, settings } = session
  const provided = kernel.ledger.sessions.providerBinding(id, provider)
  return { ...summaryOf(kernel, session), settings, provided }
}

function summaryOf({ ledger, clock }: Kernel, session: Session): SessionSummary {
  const waiting = ledger.requests.openOf(session.id).length
  const { turns, facts } = ledger
  return summary(session, {
    ...{ open: turns.open(session.id), waiting, lastSeq: facts.lastSeq(session.id) },
    now: clock.now(),
  })
}

/** Open turns and requests are few, sessions are many: they are read once for all. */
function summarise({ ledger, clock }: Kernel, sessions: readonly Session[]): readonly SessionSummary[] {
  const turns = Map.groupBy(ledger.turns.allOpen(), (turn) => turn.session)
  const requests = Map.groupBy(ledger.requests.allOpen(), (request) => request.session)
  const now = clock.now()
  return sessions.map((session) =>
    summary(session, {
      ...{ open: turns.get(session.id) ?? [], waiting: requests.get(session.id)?.length ?? 0, now },
      lastSeq: ledger.facts.lastSeq(session.id),
    }),
  )
}

interface Around {
  readonly open: readonly Turn[]
  /** Requests. */
  readonly waiting: number
  readonly lastSeq: number
  readonly now: number
}

function summary(
  { titleBy: _, settings: __, ...session }: Session,
  { open, waiting, lastSeq, now }: Around,
): SessionSummary {
  const next = nextInQueue(open, now)
  return {
    ...session,
    turn: next.kind === "idle" ? null : next.turn.state,
    queued: queuedOf(open),
    openRequests: waiting,
    lastSeq,
  }
}

const queuedOf = (open: readonly Turn[]): number => open.filter((turn) => turn.state === "queued").length
