import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { HERE, type TurnId } from "../../protocol/ids.ts"
import { openDatabase } from "../database.ts"
import { openLedger } from "../ledger.ts"
import { foundation } from "./0001-foundation.ts"
import { facts } from "./0002-facts.ts"

let dataDir = ""
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "hand-over-migration-"))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const hold = (kind: string) => `'{"kind":"${kind}","into":"a-run"}'`

function fill(db: DatabaseSync): void {
  const columns =
    "id, session, position, state, origin, prompt, hold, attempt, journal, stop_requested_at, created_at"
  db.exec(`
    INSERT INTO sessions VALUES (1, 'S001', '', 'owner', 'demo', '/', 'external', '{}', 'open', 1, 1);
    INSERT INTO turns (${columns}) VALUES
      ('done', 'S001', 1, 'completed', 'owner', '{}', NULL, 'a-done', 'j0', 4, 1),
      ('run', 'S001', 2, 'waiting', 'owner', '{}', NULL, 'a-run', 'j1', 5, 2),
      ('steer', 'S001', 3, 'queued', 'owner', '{}', ${hold("steer")}, NULL, NULL, NULL, 3),
      ('asked', 'S001', 4, 'queued', 'owner', '{}', ${hold("confirm")}, NULL, NULL, NULL, 4);
    INSERT INTO requests (id, session, turn, attempt, body, state, answer, delivered, created_at, closed_at) VALUES
      ('told', 'S001', 'done', 'a-done', '{}', 'answered', '{}', 1, 1, 2),
      ('owed', 'S001', 'run', 'a-run', '{}', 'answered', '{}', 0, 3, 4),
      ('open', 'S001', 'run', 'a-run', '{}', 'open', NULL, 0, 5, NULL);`)
}

it("a ledger from before owes what it owed, under the ids the host knows", async () => {
  const { db } = await openDatabase(dataDir, 1, { migrations: [foundation, facts] })
  fill(db)
  db.close()
  const ledger = await openLedger(dataDir, 1)
  expect(ledger.handOvers.owed(HERE)).toMatchObject([
    { kind: "start", id: "a-run", turn: "run", attempt: "a-run", journal: "j1" },
    { kind: "stop", turn: "run", attempt: "a-run" },
    { kind: "steer", id: "steer", turn: "steer", attempt: "a-run" },
    { kind: "answer", turn: "run", attempt: "a-run", request: "owed" },
  ])
  const states = ["done", "run", "steer", "asked"].map((id) => ledger.turns.find(id as TurnId))
  expect(states.map((turn) => turn?.state)).toEqual(["completed", "waiting", "steering", "queued"])
  expect(states.map((turn) => turn?.hold?.kind ?? null)).toEqual([null, null, null, "confirm"])
  expect(ledger.handOvers.journalOf("a-done" as never)).toBe("j0")
  expect(ledger.trace.requests("done" as TurnId)).toMatchObject([{ id: "told", isDelivered: true }])
  expect(ledger.trace.requests("run" as TurnId)).toMatchObject([
    { isDelivered: true },
    { isDelivered: false },
  ])
  ledger.close()
})
