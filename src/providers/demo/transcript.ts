/** What happened in one session: an append-only file of JSON lines, on disk before anyone is told. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"

export type TranscriptEntry =
  | { readonly kind: "session"; readonly cwd: string; readonly at: number }
  | { readonly kind: "prompt"; readonly attempt: string | null; readonly text: string; readonly at: number }
  | { readonly kind: "update"; readonly update: { readonly sessionUpdate: string } }
  | {
      readonly kind: "ended"
      readonly attempt: string | null
      readonly stopReason: string
      readonly at: number
    }

export interface StoredSession {
  readonly id: string
  readonly cwd: string
  readonly title: string
  readonly updatedAt: number
}

export class Transcripts {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  has(session: string): boolean {
    return existsSync(this.#file(session))
  }

  /** `durable`: on the disk, not only with the kernel, when this returns. */
  append(session: string, entry: TranscriptEntry, { durable }: { readonly durable: boolean }): void {
    const file = openSync(this.#file(session), "a", 0o600)
    try {
      writeSync(file, `${JSON.stringify(entry)}\n`)
      if (durable) fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  read(session: string): readonly TranscriptEntry[] {
    const lines = readFileSync(this.#file(session), "utf8").split("\n")
    return lines.flatMap((line) => parseEntry(line) ?? [])
  }

  /** Newest first. */
  list(): readonly StoredSession[] {
    const ids = readdirSync(this.#dir).flatMap((name) => (name.endsWith(".jsonl") ? [name.slice(0, -6)] : []))
    const sessions = ids.map((id): StoredSession => {
      const entries = this.read(id)
      const [first] = entries
      const prompt = entries.find((entry) => entry.kind === "prompt")
      return {
        id,
        cwd: first?.kind === "session" ? first.cwd : "",
        title: prompt?.text.slice(0, 60) ?? "",
        updatedAt: statSync(this.#file(id)).mtimeMs,
      }
    })
    return sessions.toSorted((a, b) => b.updatedAt - a.updatedAt)
  }

  #file(session: string): string {
    return join(this.#dir, `${session.replace(/[^\w-]/g, "_")}.jsonl`)
  }
}

/** Null for the half line that a crash left at the end. */
function parseEntry(line: string): TranscriptEntry | null {
  if (line === "") return null
  try {
    const entry: TranscriptEntry = JSON.parse(line)
    return entry
  } catch {
    return null
  }
}
