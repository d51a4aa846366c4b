/**
 * Which sessions we began, one small file each: `begun` has an id but no transcript yet, `prompted` must have one. Claude
 * Code's own transcripts cannot tell a session of ours from a `claude -p` in a script.
 */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import path from "node:path"
import { isMissing } from "../../platform/system-error.ts"

export type OwnState = "begun" | "prompted"

const KEPT = 2_000

export class OwnSessions {
  readonly #directory: string

  constructor(stateDir: string) {
    this.#directory = path.join(stateDir, "sessions")
  }

  async stateOf(nativeId: string): Promise<OwnState | null> {
    const text = await readFile(path.join(this.#directory, nativeId), "utf8").catch((error: unknown) => {
      if (isMissing(error)) return null
      throw error
    })
    return text === "begun" || text === "prompted" ? text : null
  }

  async note(nativeId: string, state: OwnState): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeFile(path.join(this.#directory, nativeId), state, { mode: 0o600 })
  }

  async all(): Promise<ReadonlySet<string>> {
    return new Set(await this.#names())
  }

  /** Forgets the oldest beyond the newest 2,000, so that the directory stays small. */
  async prune(): Promise<void> {
    const names = await this.#names()
    if (names.length <= KEPT) return
    const files = names.map((name) => path.join(this.#directory, name))
    const dated = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })))
    const old = dated.sort((a, b) => b.at - a.at).slice(KEPT)
    await Promise.all(old.map(({ file }) => rm(file, { force: true })))
  }

  async #names(): Promise<readonly string[]> {
    return readdir(this.#directory).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
  }
}
