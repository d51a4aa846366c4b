/** Keeps what a list of sessions shows of each. Runs in the transaction of the fact. */
import type { Ledger } from "../../ledger/ledger.ts"
import type { Fact } from "../../protocol/facts.ts"
import type { SessionId } from "../../protocol/ids.ts"

export interface Noted {
  readonly session: SessionId
  readonly seq: number
  readonly fact: Fact
}

/** UTF-16 units. */
const LINE = 160

export function noteForOverview(glance: Ledger["glance"], { session, seq, fact }: Noted): void {
  const line = lineOf(fact)
  if (line !== null) glance.say(session, line)
  if (isNotable(fact)) glance.note(session, seq)
  // Who writes to a session has it before them.
  if (fact.kind === "turn.queued" && fact.origin === "owner") glance.read(session, seq)
}

function lineOf(fact: Fact): string | null {
  if (fact.kind === "turn.queued") return firstLine(fact.prompt.text)
  if (fact.kind === "item" && fact.item.kind === "message") return firstLine(fact.item.text)
  if (fact.kind === "turn.ended" && fact.outcome.text !== "") return firstLine(fact.outcome.text)
  return null
}

function isNotable({ kind }: Fact): boolean {
  return kind === "turn.ended" || kind === "request.opened"
}

/** Null where there is none. */
function firstLine(text: string): string | null {
  const line =
    text
      .slice(0, 4 * LINE)
      .trim()
      .split("\n", 1)[0] ?? ""
  return line === "" ? null : line.slice(0, LINE).toWellFormed()
}
