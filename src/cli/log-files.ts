/** Reads the files in a log directory: what is there, and what is written later. */
import { createReadStream, type Dirent, readdirSync, type Stats, watch } from "node:fs"
import { open } from "node:fs/promises"
import path from "node:path"
import { StringDecoder } from "node:string_decoder"
import { linesFrom } from "../platform/lines.ts"

/** Full paths of the log files; empty when the directory is not there. */
export function logFiles(directory: string): readonly string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return []
    throw error
  }
  const names = entries.filter((entry) => entry.isFile() && /\.log(\.\d+)?$/.test(entry.name))
  return names.map((entry) => path.join(directory, entry.name)).sort()
}

/** Every line of a file, from its beginning. */
export async function* linesOf(file: string): AsyncGenerator<string> {
  yield* linesFrom(createReadStream(file))
}

interface Followed {
  /** Bytes already read. */
  offset: number
  /** Keeps half a character between two reads. */
  readonly decoder: StringDecoder
  /** A line whose end has not been written yet. */
  partial: string
}

const chunkSize = 64 * 1024

/** Follows all log files of a directory: those there and those that come. */
export class LogFollower {
  readonly #directory: string
  /** How far each file has been read, by inode: a file that grew too big is renamed and goes on being the same. */
  readonly #followed = new Map<string, Followed>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The last lines of each file, at most `count` each; following goes on from there. */
  async tail(count: number): Promise<readonly string[]> {
    const lines: string[] = []
    for (const file of logFiles(this.#directory)) {
      const kept: string[] = []
      await this.#read(file, (line) => {
        kept.push(line)
        if (kept.length > count) kept.shift()
      })
      lines.push(...kept)
    }
    return lines
  }

  /** Calls back for every line written from now on, until the signal aborts. */
  async follow(onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let reading = Promise.resolve()
    const readAll = () => {
      reading = reading.then(async () => {
        for (const file of logFiles(this.#directory)) await this.#read(file, onLine)
      })
      reading.catch(reject)
    }
    const watcher = watch(this.#directory, readAll)
    watcher.on("error", reject)
    signal.addEventListener("abort", () => resolve(), { once: true })
    readAll()
    try {
      await promise
    } finally {
      watcher.close()
    }
  }

  async #read(file: string, onLine: (line: string) => void): Promise<void> {
    const handle = await open(file, "r")
    try {
      const followed = this.#stateOf(await handle.stat())
      const buffer = Buffer.alloc(chunkSize)
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkSize, followed.offset)
        if (bytesRead === 0) return
        followed.offset += bytesRead
        const lines = (followed.partial + followed.decoder.write(buffer.subarray(0, bytesRead))).split("\n")
        followed.partial = lines.pop() ?? ""
        for (const line of lines) onLine(line)
      }
    } finally {
      await handle.close()
    }
  }

  #stateOf({ dev, ino, size }: Stats): Followed {
    const key = `${dev}:${ino}`
    const known = this.#followed.get(key)
    if (known && known.offset <= size) return known
    const fresh = { offset: 0, decoder: new StringDecoder("utf8"), partial: "" }
    this.#followed.set(key, fresh)
    return fresh
  }
}
