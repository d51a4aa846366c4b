/** Who has a conversation open now: Claude Code registers each running process under `~/.claude/sessions`. */
import { readdir, readFile } from "node:fs/promises"
import path from "node:path"
import { z } from "zod"
import { processStart } from "../../platform/process-table.ts"
import { isMissing } from "../../platform/system-error.ts"

const Entry = z.looseObject({
  pid: z.number().int().positive(),
  sessionId: z.string(),
  /** Start time in clock ticks since boot on Linux; tells a reused pid apart. */
  procStart: z.string().optional(),
})

/** Session ids that a living process has open, except the processes in `ours`. */
export async function sessionsOpenElsewhere(
  configDir: string,
  ours: ReadonlySet<number>,
): Promise<ReadonlySet<string>> {
  const directory = path.join(configDir, "sessions")
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const open = new Set<string>()
  for (const name of names.filter((candidate) => candidate.endsWith(".json"))) {
    const entry = await readEntry(path.join(directory, name))
    if (entry !== null && !ours.has(entry.pid) && (await isAlive(entry))) open.add(entry.sessionId)
  }
  return open
}

async function readEntry(file: string): Promise<z.infer<typeof Entry> | null> {
  try {
    const entry = Entry.safeParse(JSON.parse(await readFile(file, "utf8")))
    return entry.success ? entry.data : null
  } catch (error) {
    // It was removed, or is being written: its process is just ending or just starting.
    if (isMissing(error) || error instanceof SyntaxError) return null
    throw error
  }
}

/** A reused pid started at another time. Elsewhere than on Linux Claude Code notes it in a form of its own. */
async function isAlive(entry: z.infer<typeof Entry>): Promise<boolean> {
  const started = await processStart(entry.pid)
  if (started === null) return false
  return (
    process.platform !== "linux" || entry.procStart === undefined || started.endsWith(`:${entry.procStart}`)
  )
}
