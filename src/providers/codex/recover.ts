/** After a host died: what became of an attempt that it had handed to Codex. */
import type { AttemptId } from "../../protocol/ids.ts"
import type { Outcome, SessionSpec } from "../../protocol/session.ts"
import type { EventSink, Recovery } from "../provider.ts"
import { CRASHED } from "./failure.ts"
import { outcomeOf } from "./outcome.ts"
import { CodexSession } from "./session.ts"
import type { Shared } from "./shared.ts"
import { type FoundTurn, findTurn, findTurnInRecent, isOver, settledTurn } from "./transcript.ts"
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

/** Also tells the items: the last of them may never have reached the journal. */
async function readOutcome(
  { shared, attempt, sink }: Recovering,
  { thread, turn }: FoundTurn,
): Promise<Outcome> {
  const told = new Turn({
    ...{ attempt, isOwn: false, helper: null, sink, log: shared.context.log },
    startedAt: shared.context.clock.now(),
    onUnread: (kind) => shared.ignoredItem(kind),
  })
  told.record.resume()
  const from = { connection: await shared.server.connection(), clock: shared.context.clock }
  const newest = isOver(turn) ? turn : ((await settledTurn(from, thread, attempt)) ?? turn)
  told.takeTranscript(newest)
  if (isOver(newest)) return outcomeOf(shared, told, { ...newest, died: CRASHED })
  return { kind: "indeterminate", consumed: "yes", text: told.text() }
}
