/** A session's queue and running turn, as they are now, bounded in size. */
import type { Hold } from "../../core/turn.ts"
import type { QueuedTurn } from "../../ledger/glance.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import { cutLong } from "../../ledger/long-texts.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { LiveItem, LiveText, Work } from "../../protocol/live.ts"
import type { Item } from "../../protocol/session.ts"
import type { LiveTurn, LiveTurns } from "../live.ts"

/** UTF-16 units that all texts, and all items, of one state may have. */
const TEXTS_SHOWN = 64 * 1024
const ITEMS_SHOWN = 32 * 1024
/** UTF-16 units of one string of a running item: what is longer is in the event that it becomes. */
const STRING_SHOWN = 4 * 1024
const TURNS_SHOWN = 50

export function readWork(
  { glance }: Pick<Ledger, "glance">,
  live: Pick<LiveTurns, "find">,
  session: SessionId,
): Work {
  const queue = glance.queue(session)
  const running = queue.map(({ id }) => live.find(id)).filter((turn) => turn !== null)
  const [first] = running
  return {
    turns: queue.slice(0, TURNS_SHOWN).map(turnInWork),
    items: running.flatMap(runningItems),
    texts: running.flatMap(growingTexts),
    notice: first?.notice ?? null,
    usage: first?.usage ?? null,
  }
}

function turnInWork(turn: QueuedTurn): Work["turns"][number] {
  const { id, state, origin, surface, text, files, hold, attempts, startedAt } = turn
  return {
    ...{ id, state, origin, from: surface, text, startedAt },
    files: files.slice(0, 20).map(({ name, mediaType, size }) => ({ name, mediaType, size })),
    hold: hold && heldUntil(hold),
    attempt: attempts,
  }
}

const heldUntil = (hold: Hold): Work["turns"][number]["hold"] =>
  "until" in hold ? { kind: hold.kind, until: hold.until } : { kind: hold.kind }

function runningItems({ turn, items }: LiveTurn): readonly LiveItem[] {
  const shown: LiveItem[] = []
  let room = ITEMS_SHOWN
  for (const item of [...items.values()].toReversed()) {
    if (item.status !== "running") continue
    const short = shownItem(item)
    room -= JSON.stringify(short).length
    if (room < 0) break
    shown.unshift({ turn, item: short })
  }
  return shown
}

/** A running item as it is told along. */
export const shownItem = (item: Item): Item => cutLong(item, STRING_SHOWN).value

/** Of long ones the end; the newest are the most wanted. */
function growingTexts({ turn, texts }: LiveTurn): readonly LiveText[] {
  const shown: LiveText[] = []
  let room = TEXTS_SHOWN
  for (const [item, { channel, start, text }] of [...texts].toReversed()) {
    if (room <= 0) break
    const kept = text.slice(-room)
    room -= kept.length
    shown.unshift({ turn, item, channel, at: start + text.length - kept.length, text: kept })
  }
  return shown
}
