/**
 * The long crash test: `npm run test:crash -- [--kills 500] [--seed N] [--bots 3] [--per 50]`. Each campaign has its own
 * seed, printed before it begins; a failing one is repeated with `--seed N --kills K`. With `--victims runtime` nothing
 * else is killed, and then every prompt must be answered.
 */
import { parseArgs } from "node:util"
import { type Campaigned, type CampaignOptions, runCampaign, type Victim } from "./campaign.ts"

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "500" },
    seed: { type: "string" },
    bots: { type: "string", default: "3" },
    per: { type: "string", default: "50" },
    /** First every boundary up to this step; 0 leaves that out. */
    sweep: { type: "string", default: "12" },
    victims: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
})

const verdicts: Campaigned[] = []
const onRound = values.verbose ? (round: object) => console.log(JSON.stringify(round)) : undefined
let left = Number(values.kills)
let seed = Number(values.seed ?? Date.now() % 1_000_000)
const sweep = Number(values.sweep)
if (sweep > 0) {
  console.log(`every step boundary up to ${sweep}, seed ${seed}`)
  verdicts.push(await campaign({ seed, kills: 0, bots: Number(values.bots), sweep }))
}
while (left > 0) {
  const kills = Math.min(left, Number(values.per))
  console.log(`campaign with seed ${seed}: ${kills} kills, ${values.bots} bots`)
  verdicts.push(await campaign({ seed, kills, bots: Number(values.bots) }))
  left -= kills
  seed += 1
}

const sum = (count: (verdict: Campaigned) => number) =>
  verdicts.reduce((total, verdict) => total + count(verdict), 0)
const faults = verdicts.flatMap((verdict) => verdict.faults.map((fault) => `seed ${verdict.seed}: ${fault}`))
console.log(
  `kills: ${sum((v) => v.kills.runtime)} runtime, ${sum((v) => v.kills.host)} host, ${sum((v) => v.kills.both)} both at once, ${sum((v) => v.kills.agent)} agent; ${sum((v) => v.atBoundaries)} of them exactly at a step boundary, and ${sum((v) => v.whileStarting)} runtimes as they started`,
)
console.log(
  `prompts: ${sum((v) => v.prompts)}, answered ${sum((v) => v.answered)}, ended with a stated reason ${sum((v) => v.explained)}, taken back ${sum((v) => v.takenBack)}, marked as resent ${sum((v) => v.resent)}`,
)
for (const fault of faults) console.log(`FAULT ${fault}`)
console.log(faults.length === 0 ? "no promise broken" : `${faults.length} promises broken`)
process.exitCode = faults.length === 0 ? 0 : 1

async function campaign(options: CampaignOptions): Promise<Campaigned> {
  const victims = values.victims?.split(",") as readonly Victim[] | undefined
  const verdict = await runCampaign({
    ...{ ...options, ...(onRound ? { onRound } : {}), ...(victims ? { victims } : {}) },
  })
  console.log(JSON.stringify(verdict))
  return verdict
}
