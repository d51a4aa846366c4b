/** What tests of the chat need besides the chat: the runtime's log, its ledger, and the surface on the machine itself. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { expect, vi } from "vitest"
import { type ControlClient, controlClient } from "../../src/cli/control-client.ts"
import { followSession } from "../../src/cli/follow-session.ts"
import { LEDGER_FILE } from "../../src/ledger/database.ts"
import { acquireLock } from "../../src/platform/lock.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { SessionId } from "../../src/protocol/ids.ts"
import type { World } from "../world.ts"

export interface LogLine {
  readonly msg: string
  readonly [field: string]: unknown
}

export function logLines(world: World): readonly LogLine[] {
  const path = join(world.dataDir, "logs", "runtime.log")
  if (!existsSync(path)) return []
  const lines = readFileSync(path, "utf8").split("\n")
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LogLine)
}

/** Changes what the ledger says, as time would; the runtime may be running. */
export function inLedger(world: World, sql: string, ...values: (string | number)[]): void {
  const db = new DatabaseSync(join(world.dataDir, LEDGER_FILE), { timeout: 5_000 })
  try {
    db.prepare(sql).run(...values)
  } finally {
    db.close()
  }
}

/** The owner at the machine's own keyboard. */
export function terminal(world: World): ControlClient {
  return controlClient(socketPath(world.dataDir, "runtime"))
}

export const workspaceOf = (world: World, session: string): string =>
  join(`${world.dataDir}-workspaces`, session)

/** Nothing is owed to any chat: a death from now on makes no message doubtful. */
export async function allDelivered(world: World): Promise<void> {
  const undelivered = async () => (await terminal(world).call("status.read", {})).undelivered
  await vi.waitFor(async () => expect(await undelivered()).toBe(0), { timeout: 15_000, interval: 20 })
}

/** Waits, at the machine's own keyboard, until a turn of a session has ended. */
export async function endsAt(world: World, session: SessionId): Promise<void> {
  const leaving = new AbortController()
  const news = followSession({ client: terminal(world), session, after: 0, signal: leaving.signal })
  for await (const batch of news) {
    if (batch.kind === "news" && batch.events.some(({ fact }) => fact.kind === "turn.ended")) break
  }
  leaving.abort()
}

/** Ends the host, and keeps the place of the next one until it is released. */
export async function hostOutOfReach(world: World): Promise<Disposable> {
  const path = join(world.dataDir, "host.lock")
  world.killHost()
  const lock = await vi.waitFor(() => {
    const acquired = acquireLock({ path, purpose: "host", now: Date.now() })
    if (acquired.kind === "taken") throw new Error("the host has not ended yet")
    return acquired
  })
  // A prompt handed to the dead one would be neither begun nor waiting until another says what became of it.
  await vi.waitFor(
    async () => expect((await terminal(world).call("status.read", {})).host.state).not.toBe("connected"),
    {
      timeout: 10_000,
    },
  )
  let isHeld = true
  return {
    [Symbol.dispose]() {
      if (isHeld) lock.release()
      isHeld = false
    },
  }
}

/** The words of what a bot has on the screen now, oldest first. */
export function screen(conversation: ReturnType<World["owner"]>): readonly string[] {
  return conversation
    .messages()
    .filter((message) => message.from?.is_bot)
    .map((message) => message.text ?? message.caption ?? "")
}

/** The labels of a message's buttons as they are now. */
export function labels(conversation: ReturnType<World["owner"]>, messageId: number): readonly string[] {
  const message = conversation.chat.messages.get(messageId)
  return (message?.reply_markup?.inline_keyboard ?? []).flat().map((button) => button.text)
}
