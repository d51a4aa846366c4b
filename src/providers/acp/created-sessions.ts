import { appendFile, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Instant } from "../../protocol/ids.ts"

/** The sessions we made with an agent, and when: one line each, so that it outlives the host. */
export class CreatedSessions {
  readonly #file: string
  #known: Map<string, Instant> | null = null

  constructor(stateDir: string) {
    this.#file = join(stateDir, "created-sessions")
  }

  async add(nativeId: string, at: Instant): Promise<void> {
    const known = await this.#load()
    known.set(nativeId, at)
    await appendFile(this.#file, `${at} ${nativeId}\n`, { mode: 0o600 })
  }

  async has(nativeId: string): Promise<boolean> {
    return (await this.#load()).has(nativeId)
  }

  async createdAt(nativeId: string): Promise<Instant | null> {
    return (await this.#load()).get(nativeId) ?? null
  }

  async #load(): Promise<Map<string, Instant>> {
    if (this.#known) return this.#known
    const lines = (await readOrEmpty(this.#file)).split("\n")
    const entries = lines.flatMap((line): [string, Instant][] => {
      const space = line.indexOf(" ")
      return space > 0 ? [[line.slice(space + 1), Number(line.slice(0, space))]] : []
    })
    this.#known ??= new Map(entries)
    return this.#known
  }
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return ""
    throw error
  }
}
