/** Another program that holds the ledger (a backup tool, the owner in a SQLite shell) keeps nothing waiting but writes. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as delay } from "node:timers/promises"
import { expect, it } from "vitest"
import { controlClient } from "../../src/cli/control-client.ts"
import { LEDGER_FILE } from "../../src/ledger/database.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import { startWorld, type World } from "../world.ts"

const HELD_MS = 5_000

/** Asks again and again, one question after the other, how the runtime is; `ends` tells the longest that one took. */
async function watchHealth(world: World) {
  const { localUi } = await controlClient(socketPath(world.dataDir, "runtime")).call("status.read", {})
  const stopping = new AbortController()
  let longestMs = 0
  const ask = async () => {
    while (!stopping.signal.aborted) {
      const asked = performance.now()
      const { ok } = await fetch(new URL("/healthz", localUi ?? ""))
      if (!ok) throw new Error("the runtime is not well")
      longestMs = Math.max(longestMs, performance.now() - asked)
      await delay(5)
    }
  }
  const asking = ask()
  return {
    async ends() {
      stopping.abort()
      await asking
      return longestMs
    },
  }
}

it("is not waited for: the runtime stays quick, and everything goes on when it lets go", async () => {
  await using world = await startWorld()
  const owner = world.owner()
  await owner.says("long [[hold a]]")
  await owner.seesDraft(/holding a/)
  const other = new DatabaseSync(join(world.dataDir, LEDGER_FILE))
  other.exec("BEGIN IMMEDIATE")
  const watch = await watchHealth(world)
  for (const n of [1, 2, 3]) await owner.says(`prompt ${n}`)
  world.releases("a")
  await delay(HELD_MS)
  const longestMs = await watch.ends()
  expect(world.consumed().filter(({ text }) => text.startsWith("prompt"))).toEqual([])
  other.exec("ROLLBACK")
  other.close()
  await owner.sees(/echo: long/)
  for (const n of [1, 2, 3]) await owner.sees(`echo: prompt ${n}`)
  // Writes that wait for the ledger would make it all of the time.
  expect(longestMs).toBeLessThan(HELD_MS / 2)
  const answers = owner.messages().filter(({ from, text }) => from?.is_bot && text?.includes("echo:"))
  expect(answers).toHaveLength(4)
  for (const n of [1, 2, 3]) {
    expect(world.consumed().filter(({ text }) => text === `prompt ${n}`)).toHaveLength(1)
  }
  world.telegram.assertClean()
})
