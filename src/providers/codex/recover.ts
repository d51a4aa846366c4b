/** After a host died: what became of an attempt that it had handed to Codex. */
import type { AttemptId } from "../../protocol/ids.ts"
import type { Outcome, SessionSpec } from "../../protocol/session.ts"
import type { EventSink, Recovery } from "../provider.ts"
import type { Turn as WireTurn } from "./incoming.ts"
import { outcomeOf } from "./outcome.ts"
import { CodexSession } from "./session.ts"
import type { Shared } from "./shared.ts"
import { type FoundTurn, findTurn, findTurnInRecent } from "./transcript.ts"
import { Turn } from "./turn.ts"

export interface Recovering {
  readonly shared: Shared
  readonly spec: SessionSpec
  readonly attempt: AttemptId
  readonly sink: EventSink
}

/** @throws ProviderError when Codex cannot be asked */
export async function recover(asked: Recovering): Promise<Recovery> {
  const { shared, spec, attempt, sink } = asked
  const connection = await shared.server.connection()
  const found =
    spec.nativeId === null
      ? await findTurnInRecent(connection, spec.workspace, attempt)
      : await findTurn(connection, spec.nativeId, attempt)
  if (found === null) return { kind: "not_consumed" }
  const known = { ...spec, nativeId: found.thread }
  if (!isOver(found.turn)) {
    // What looks interrupted here may be running in the server that the owner's terminals share.
    const session = await CodexSession.takeOver({ shared, spec: known, sink }, attempt, found.turn.id)
    if (session !== null) return { kind: "live", session }
  }
  if (spec.nativeId === null) {
    sink.emit({ kind: "session.changed", nativeId: found.thread, settings: spec.settings })
  }
  return { kind: "ended", outcome: await readOutcome(asked, found) }
}

/** An `interrupted` turn is not: Codex writes that for one whose server died, whatever it had done by then. */
function isOver({ status, error }: WireTurn): boolean {
  return status === "completed" || (status === "failed" && error !== null)
}

/** Also tells the items: the last of them may never have reached the journal. */
async function readOutcome(
  { shared, attempt, sink }: Recovering,
  { thread, turn }: FoundTurn,
): Promise<Outcome> {
  const told = new Turn({
    attempt,
    isElsewhere: false,
    sink,
    startedAt: shared.context.clock.now(),
    onUnread: (kind) => shared.ignoredItem(kind),
  })
  // It may have ended between the first look and this one.
  const newest = isOver(turn)
    ? turn
    : ((await findTurn(await shared.server.connection(), thread, attempt))?.turn ?? turn)
  told.takeTranscript(newest)
  if (isOver(newest)) return outcomeOf(shared, told, { ...newest, serverDied: true })
  return { kind: "indeterminate", consumed: "yes", text: told.text() }
}
