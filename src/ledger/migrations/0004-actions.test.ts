import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { foundation } from "./0001-foundation.ts"
import { actionsOfModules } from "./0004-actions.ts"

const SESSION = "S001"
const TURN = "11111111-1111-4111-8111-111111111111"
const REQUEST = "22222222-2222-4222-8222-222222222222"

/** What becomes of a button of the version before. */
function migrated(body: unknown): unknown {
  const db = new DatabaseSync(":memory:")
  db.exec(foundation)
  db.exec(`INSERT INTO sessions (id, title, title_by, provider, workspace, workspace_kind, settings, state, created_at, updated_at)
    VALUES ('${SESSION}', '', 'runtime', 'demo', '/', 'managed', '{}', 'open', 1, 1)`)
  db.exec(`INSERT INTO turns (id, session, position, state, origin, prompt, created_at)
    VALUES ('${TURN}', '${SESSION}', 1, 'waiting', 'owner', '{}', 1)`)
  db.exec(`INSERT INTO requests (id, session, turn, attempt, body, state, created_at)
    VALUES ('${REQUEST}', '${SESSION}', '${TURN}', 'A', '{}', 'open', 1)`)
  db.prepare(
    "INSERT INTO actions (id, address, body, created_at, expires_at) VALUES ('a', '1:2', ?, 1, 2)",
  ).run(JSON.stringify(body))
  db.exec(actionsOfModules)
  const row = db.prepare("SELECT body FROM actions").get()
  db.close()
  return row ? JSON.parse(row.body as string) : null
}

describe("buttons of the version before", () => {
  const common = { session: SESSION, once: true }
  it.each([
    [
      { kind: "answer", request: REQUEST, version: 1, answer: { kind: "option", option: "a" } },
      {
        of: "request",
        verb: "answer",
        args: { request: REQUEST, version: 1, answer: { kind: "option", option: "a" } },
      },
    ],
    [
      { kind: "question.option", request: REQUEST, version: 1, question: 0, option: 2 },
      { of: "request", verb: "option", args: { request: REQUEST, version: 1, question: 0, option: 2 } },
    ],
    [
      { kind: "turn.stop", turn: TURN, clearQueue: false },
      { of: "turn", verb: "stop", args: { turn: TURN } },
    ],
    [
      { kind: "turn.again", turn: TURN, how: "continue" },
      { of: "turn", verb: "continue", args: { turn: TURN } },
    ],
    [
      { kind: "file.send", session: SESSION, path: "/a", name: "a" },
      { of: "file", verb: "send", args: { path: "/a", name: "a" } },
    ],
  ])("go on to do what they did: %j", (before, after) => {
    expect(migrated(before)).toEqual({ ...common, ...after })
  })

  it("that change nothing may still be tapped again", () => {
    expect(migrated({ kind: "turn.edit", turn: TURN })).toMatchObject({ verb: "edit", once: false })
  })

  it("that belong to no session are about none", () => {
    expect(migrated({ kind: "group.switch", chat: -1, title: "t", on: true })).toMatchObject({
      of: "group",
      session: null,
    })
    expect(migrated({ kind: "dismiss" })).toMatchObject({ of: "card", verb: "dismiss" })
  })

  it("that were typed lines are gone: they meant whatever the chat showed when tapped", () => {
    expect(migrated({ kind: "command", line: "/sandbox danger-full-access confirmed" })).toBeNull()
  })
})
