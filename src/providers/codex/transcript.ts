/** What Codex' own transcript says of an attempt. */
import type { AttemptId } from "../../protocol/ids.ts"
import type { Clock } from "../provider.ts"
import { CLIENT_NAME, type Connection, Refused } from "./connection.ts"
import { isUnknownThread } from "./failure.ts"
import type { Turn } from "./incoming.ts"
import type * as wire from "./protocol.generated.ts"
import { wait } from "./wait.ts"

/** Every thread, newest first: by itself Codex hides those of other programs and of other model providers. */
export function everyThread(): wire.ThreadListParams {
  return {
    modelProviders: [],
    sourceKinds: ["cli", "vscode", "exec", "appServer", "unknown"],
    sortKey: "updated_at",
    sortDirection: "desc",
  }
}

const RECENT_THREADS = 20
const TURNS_A_PAGE = 5
const MAX_PAGES = 40

export interface FoundTurn {
  readonly thread: string
  /** The newest that belongs to the attempt. */
  readonly turn: Turn
}

/**
 * The turn that was begun with this attempt, or the newest that followed it without a prompt, towards a goal; null when
 * the thread, or the attempt in the thread, does not exist.
 */
export async function findTurn(
  connection: Connection,
  thread: string,
  attempt: AttemptId,
): Promise<FoundTurn | null> {
  let cursor: string | null = null
  let newest: Turn | null = null
  for (let page = 0; page < MAX_PAGES; page++) {
    const turns: Awaited<ReturnType<typeof readTurns>> = await readTurns(connection, thread, cursor)
    for (const turn of turns.data) {
      newest ??= turn
      if (carries(turn, attempt)) return { thread, turn: newest }
      if (turn.items.some((item) => item.type === "userMessage")) newest = null
    }
    cursor = turns.nextCursor
    if (cursor === null) return null
  }
  return null
}

const SETTLE_MS = 50
const SETTLE_TRIES = 4

/** Whether the transcript has its end: an `interrupted` turn may have none, as Codex says that of any nobody works on. */
export function isOver({ status, error }: Turn): boolean {
  return status === "completed" || (status === "failed" && error !== null)
}

/**
 * What became of a turn that nobody works on any more. One that just ended passes for `interrupted` until its last line is
 * written, so that is believed only once it lasts.
 */
export async function settledTurn(
  { connection, clock }: { readonly connection: Connection; readonly clock: Clock },
  thread: string,
  attempt: AttemptId,
): Promise<Turn | null> {
  for (let tries = 0; ; tries++) {
    const found = await findTurn(connection, thread, attempt)
    if (found === null || isOver(found.turn) || tries === SETTLE_TRIES) return found?.turn ?? null
    await wait(clock, SETTLE_MS)
  }
}

/** The turn begun with this attempt when it is not known which thread was started for it: those of ours that were last used in the workspace. */
export async function findTurnInRecent(
  connection: Connection,
  workspace: string,
  attempt: AttemptId,
): Promise<FoundTurn | null> {
  const listed = await connection.request("thread/list", {
    ...everyThread(),
    cwd: workspace,
    limit: RECENT_THREADS,
  })
  const ours = listed.data.filter((thread) => thread.originator === CLIENT_NAME).map((thread) => thread.id)
  const { data: loaded } = await connection.request("thread/loaded/list", {})
  for (const thread of new Set([...ours, ...loaded])) {
    const found = await findTurn(connection, thread, attempt)
    if (found) return found
  }
  return null
}

async function readTurns(connection: Connection, threadId: string, cursor: string | null) {
  try {
    return await connection.request("thread/turns/list", {
      threadId,
      cursor,
      limit: TURNS_A_PAGE,
      sortDirection: "desc",
      itemsView: "full",
    })
  } catch (error) {
    if (error instanceof Refused && isUnknownThread(error.message)) return { data: [], nextCursor: null }
    throw error
  }
}

function carries(turn: Turn, attempt: AttemptId): boolean {
  return turn.items.some((item) => item.type === "userMessage" && item.clientId === attempt)
}
