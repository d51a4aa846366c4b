/**
 * Kills the runtime, the host and agents again and again while the owner works, then looks from the outside whether the
 * promise held: no prompt lost, none run twice, none left without an answer, or a reason that something gave cause for.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { prepareWorld, type World } from "../world.ts"
import type { Plan } from "./hook.ts"
import { Owner } from "./owner.ts"
import { Random } from "./random.ts"
import { judge, outcomesOf, type Verdict } from "./verdict.ts"

export interface CampaignOptions {
  readonly seed: number
  readonly kills: number
  readonly bots: number
  /** Who is killed; with the runtime alone, every prompt must be answered. All unless told. */
  readonly victims?: readonly Victim[]
  /** Instead of random kills: every boundary in turn, up to this many steps from when it is armed. */
  readonly sweep?: number
  readonly onRound?: (round: Round) => void
}

export interface Round {
  readonly number: number
  readonly victim: Victim
  /** How it was ended: at a boundary, or at an instant so many milliseconds after the load. */
  readonly how: string
}

export interface Campaigned extends Verdict {
  readonly seed: number
  readonly kills: Readonly<Record<Victim, number>>
  /** Kills of a runtime that was not ready yet. */
  readonly whileStarting: number
  readonly atBoundaries: number
}

export type Victim = "runtime" | "host" | "both" | "agent"

/** Without a plan it is hit at a random instant. */
interface Strike {
  readonly victim: Victim
  readonly plan: Plan | null
}

const ALL: readonly Victim[] = ["runtime", "runtime", "runtime", "host", "host", "both", "agent"]
const BOUNDARY_WAIT_MS = 1_500
const SETTLE_LIMIT_MS = 150_000

function everyBoundary(steps: number): readonly Strike[] {
  const strikes: Strike[] = []
  for (let n = 1; n <= steps; n += 1) {
    for (const victim of ["runtime", "host"] as const) {
      for (const at of ["commit", "write"] as const) {
        for (const when of ["before", "after"] as const) strikes.push({ victim, plan: { at, when, n } })
      }
    }
  }
  return strikes
}

export async function runCampaign(options: CampaignOptions): Promise<Campaigned> {
  const world = await prepareWorld({
    // One chat has topics.
    bots: Array.from({ length: options.bots }, (_, index) => (index === 0 ? { topics: true } : {})),
    environment: {
      NODE_OPTIONS: `--import ${fileURLToPath(new URL("./hook.ts", import.meta.url))}`,
    },
  })
  await using _ = world
  return await new Campaign(world, options).run()
}

class Campaign {
  readonly #world: World
  readonly #options: CampaignOptions
  readonly #random: Random
  readonly #planFile: string
  readonly #owner: Owner
  readonly #kills: Record<Victim, number> = { runtime: 0, host: 0, both: 0, agent: 0 }
  readonly #deaths: number[] = []
  #whileStarting = 0
  #atBoundaries = 0

  constructor(world: World, options: CampaignOptions) {
    this.#world = world
    this.#options = options
    this.#random = new Random(options.seed)
    this.#planFile = join(world.directory, "plan.json")
    this.#owner = new Owner(world, this.#random)
  }

  async run(): Promise<Campaigned> {
    const world = this.#world
    world.setEnvironment({ CRASH_PLAN: this.#planFile })
    this.#owner.begin()
    await world.starts()
    const strikes = this.#options.sweep ? everyBoundary(this.#options.sweep) : this.#randomStrikes()
    let number = 0
    for (const strike of strikes) {
      number += 1
      await this.#round(number, strike)
    }
    await this.#settle()
    await this.#owner.end()
    const verdict = judge({ world, owner: this.#owner, deaths: this.#deaths })
    if (verdict.faults.length > 0) for (const chat of this.#owner.chats) console.log(chat.transcript())
    return {
      ...{ seed: this.#options.seed, kills: this.#kills, ...verdict },
      ...{ whileStarting: this.#whileStarting, atBoundaries: this.#atBoundaries },
    }
  }

  *#randomStrikes(): Generator<Strike> {
    const random = this.#random
    for (let number = 1; number <= this.#options.kills; number += 1) {
      const atBoundary = random.next() < 0.6
      const at = random.pick(["commit", "write"] as const)
      const when = random.pick(["before", "after"] as const)
      const plan = { at, when, n: random.between(1, 14) }
      const wanted = random.pick(this.#options.victims ?? ALL)
      const victim = this.#world.hostPid === null ? "runtime" : wanted
      yield { victim, plan: atBoundary && (victim === "runtime" || victim === "host") ? plan : null }
    }
  }

  async #round(number: number, { victim, plan }: Strike): Promise<void> {
    const random = this.#random
    if (plan) this.#arm(victim, plan)
    if (this.#options.sweep) await this.#owner.says(random.between(1, 2))
    else await this.#owner.acts()
    const delay = random.between(0, 400)
    const hit = plan !== null && (await this.#diesByItself(victim))
    if (!hit) await new Promise((resolve) => setTimeout(resolve, delay))
    if (hit) this.#atBoundaries += 1
    const how = hit && plan ? `${plan.when} ${plan.at} ${plan.n}` : `after ${delay} ms`
    this.#options.onRound?.({ number, victim, how })
    this.#kills[victim] += 1
    await this.#strike(victim, { hit })
  }

  async #strike(victim: Victim, { hit }: { hit: boolean }): Promise<void> {
    const world = this.#world
    if (victim !== "runtime") this.#deaths.push(performance.now())
    if (victim === "agent") world.killAgent()
    if ((victim === "host" && !hit) || victim === "both") world.killHost()
    if (victim !== "runtime" && victim !== "both") return
    await world.dies()
    if (this.#random.next() < 0.25) {
      this.#whileStarting += 1
      await world.startsAndDies(this.#random.between(20, 600))
    }
    await world.starts()
  }

  #arm(victim: Victim, plan: Plan): void {
    writeFileSync(this.#planFile, JSON.stringify(plan))
    const pid = victim === "runtime" ? this.#world.runtimePid : this.#world.hostPid
    if (pid !== null) process.kill(pid, "SIGUSR2")
  }

  async #diesByItself(victim: Victim): Promise<boolean> {
    const pid = victim === "runtime" ? this.#world.runtimePid : this.#world.hostPid
    const limit = performance.now() + BOUNDARY_WAIT_MS
    while (performance.now() < limit) {
      if (!isAlive(pid)) return true
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return false
  }

  /** Waits until every prompt has an answer or a reason. */
  async #settle(): Promise<void> {
    const limit = performance.now() + SETTLE_LIMIT_MS
    const isOpen = () => this.#owner.sent.some((sent) => outcomesOf(sent).length === 0)
    while (isOpen() && performance.now() < limit) await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function isAlive(pid: number | null): boolean {
  if (pid === null) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}
