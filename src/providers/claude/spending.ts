/** Claude Code counts the cost of a session over all its processes, so a resumed one does not begin at zero. */
import { z } from "zod"
import { headAndTail } from "./transcript-file.ts"

const READ = 256 * 1024
const CostState = z.looseObject({ type: z.literal("cost-state"), totalCostUSD: z.number().nonnegative() })

/** What the session had cost when its last process ended; undefined when its end does not say. */
export async function spentBefore(transcript: string): Promise<number | undefined> {
  const { tail } = await headAndTail(transcript, READ)
  const line = tail.findLast((text) => text.includes('"type":"cost-state"'))
  if (line === undefined) return undefined
  try {
    return CostState.parse(JSON.parse(line)).totalCostUSD
  } catch {
    // Not the line it looks like: then the cost of the first turn stays unknown, which is all that depends on it.
    return undefined
  }
}

/** What a session has cost, and what of it the turn that runs. */
export class Spending {
  #total: number | undefined
  #beforeTurn: number | undefined

  constructor(total: number | undefined) {
    this.#total = total
  }

  beginTurn(): void {
    this.#beforeTurn = this.#total
  }

  /** The process tells the sum of the session. */
  hear(total: number | null | undefined): void {
    if (typeof total === "number") this.#total = total
  }

  inTurn(): number | undefined {
    if (this.#total === undefined || this.#beforeTurn === undefined) return undefined
    // A cleared conversation counts from zero again.
    const spent = this.#total - this.#beforeTurn
    return spent < 0 ? this.#total : spent
  }
}
