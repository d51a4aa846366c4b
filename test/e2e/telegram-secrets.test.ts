import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { startWorld } from "../world.ts"

const KEY = "hunter2-configured-key-0123456789"
const agent = join(import.meta.dirname, "../fakes/acp-agent.ts")

it("shows and keeps nothing of what the configuration holds secret, however an agent says it", async () => {
  const env = { MY_API_KEY: KEY, ENCODED: Buffer.from(`=${KEY}`).toString("base64") }
  const acp = {
    echo: { command: process.execPath, args: [agent], env: { ...env, ACP_AGENT_STATE: "state" } },
  }
  await using world = await startWorld({ config: { providers: { acp } } })
  const owner = world.owner()
  await owner.says("the key [[env MY_API_KEY]] [[slow 1500]] [[pieces 40]]")
  await owner.sees(/echo: the key\s+\[redacted\]/)
  await owner.says("the code [[env ENCODED]]")
  await owner.sees(/echo: the code\s+\S*\[redacted\]/)
  await owner.says("[[tool printenv MY_API_KEY]] run it")
  await owner.sees(/echo: run it/)
  expect(owner.chat.sights.filter((sight) => JSON.stringify(sight).includes(KEY.slice(0, 12)))).toEqual([])
  await world.stops()
  const holders = filesIn(world.dataDir).filter((path) => readFileSync(path).includes(KEY))
  expect(holders).toEqual([join(world.dataDir, "config.json")])
})

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}
