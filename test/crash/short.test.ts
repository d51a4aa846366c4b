import { describe, expect, it } from "vitest"
import { runCampaign } from "./campaign.ts"

describe("whatever crashes, whenever", () => {
  it("loses no prompt, runs none twice and leaves none without an answer or a reason", {
    timeout: 240_000,
  }, async () => {
    const seed = Number(process.env.CRASH_SEED ?? 20261122)
    const verdict = await runCampaign({ seed, kills: 12, bots: 2 })
    console.log(`crash campaign: ${JSON.stringify(verdict)}`)
    expect(verdict.faults).toEqual([])
    expect(verdict.answered + verdict.explained + verdict.takenBack).toBe(verdict.prompts)
    expect(verdict.answered).toBeGreaterThan(0)
  })
})
