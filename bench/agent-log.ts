/** What the echo agent wrote about the prompts it got and ended, with its own times. */
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import type { Consumed, Ended } from "../test/fakes/acp-agent.ts"

const LOOK_EVERY_MS = 5
const PATIENCE_MS = 60_000

export class AgentLog {
  readonly #state: string

  constructor(state: string) {
    this.#state = state
    mkdirSync(state, { recursive: true })
  }

  get environment(): Record<string, string> {
    return { ACP_AGENT_STATE: this.#state, ACP_AGENT_ENDS: join(this.#state, "ended.log") }
  }

  consumed(): readonly Consumed[] {
    return readLines<Consumed>(join(this.#state, "consumed.log"))
  }

  ended(): readonly Ended[] {
    return readLines<Ended>(join(this.#state, "ended.log"))
  }

  /** When the prompt with this tag reached the agent. It stands in a file, so it is looked for. */
  async consumedAt(tag: string): Promise<number> {
    return found(() => this.consumed().find(({ text }) => text.includes(tagged(tag)))?.at, `consumed ${tag}`)
  }

  async endedAt(tag: string): Promise<number> {
    return found(() => this.ended().find(({ text }) => text.includes(tagged(tag)))?.at, `ended ${tag}`)
  }
}

/** A tag ends with a dot where it is said, so that `#1` is no part of `#12`. */
export const tagged = (tag: string): string => `${tag}.`

async function found(look: () => number | undefined, what: string): Promise<number> {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
    const at = look()
    if (at !== undefined) return at
    await pause(LOOK_EVERY_MS)
  }
  throw new Error(`the agent never logged: ${what}`)
}

function readLines<T>(path: string): readonly T[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n")
    // The last line may still be half written.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as T)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}
