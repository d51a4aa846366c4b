import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import type { ProviderId, SessionId, TurnId } from "../protocol/ids.ts"
import { LEDGER_FILE } from "./database.ts"
import { factsSql } from "./facts.ts"
import { type Ledger, openLedger } from "./ledger.ts"
import { overviewSql } from "./overview.ts"
import { traceSql } from "./trace.ts"

const session = "S001" as SessionId
const turn = "00000000-0000-4000-8000-000000000001" as TurnId
const now = 1_000

async function withLedger(run: (ledger: Ledger, directory: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "ledger-trace-"))
  const ledger = await openLedger(directory, now)
  try {
    run(ledger, directory)
  } finally {
    ledger.close()
    rmSync(directory, { recursive: true })
  }
}

function addTurn(ledger: Ledger): void {
  const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
  const provider = "demo" as ProviderId
  ledger.sessions.create({ id: session, title: "", titleBy: "runtime", provider, ...where }, now)
  const origin = { origin: "owner", channel: null, sourceMessage: null, clientId: "me", hold: null } as const
  ledger.turns.add({ id: turn, session, ...origin, prompt: { text: "hi", files: [] } }, now)
}

describe("questions to the ledger as a whole and to one turn", () => {
  it.each(Object.entries({ ...traceSql, ...factsSql, ...overviewSql }))(
    "%s is answered by an index",
    async (_, sql) => {
      await withLedger((_ledger, directory) => {
        const db = new DatabaseSync(join(directory, LEDGER_FILE), { readOnly: true })
        const wanted = Array.from({ length: sql.split("?").length - 1 }, () => 1)
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...wanted)
        db.close()
        expect(plan.length).toBeGreaterThan(0)
        expect(
          plan.map((row) => row.detail).filter((detail) => !String(detail).startsWith("SEARCH")),
        ).toEqual([])
      })
    },
  )

  it("know who sent it", async () => {
    await withLedger((ledger) => {
      addTurn(ledger)
      expect(ledger.overview.openSessions()).toBe(1)
      expect(ledger.trace.clientIdOf(turn)).toBe("me")
    })
  })
})
