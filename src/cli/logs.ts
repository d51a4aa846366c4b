import path from "node:path"
import { styleText } from "node:util"
import { type CliContext, printLine } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { LogFollower, linesOf, logFiles } from "./log-files.ts"
import { formatLogLine, type LogLine, parseLogLine } from "./log-line.ts"

export interface LogsOptions {
  readonly json?: true
  readonly id?: string
  readonly lines: number
  readonly follow: boolean
}

const colours = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const

/** Shows the last lines of `DATA_DIR/logs` and goes on showing what is written, until Ctrl-C. */
export async function logs(context: CliContext, options: LogsOptions): Promise<number> {
  const directory = path.join(context.config.dataDir, "logs")
  if (logFiles(directory).length === 0) {
    printLine(context.stderr, context.say("logs.none", { directory }))
    return exitCode.failed
  }
  if (options.id !== undefined) return await find(context, directory, { id: options.id, json: options.json })
  const follower = new LogFollower(directory)
  const earlier = (await follower.tail(options.lines)).map((text) => ({ text, line: parseLogLine(text) }))
  earlier.sort((a, b) => a.line.at - b.line.at)
  for (const { text, line } of earlier.slice(Math.max(0, earlier.length - options.lines))) {
    show(context, { text, line }, options)
  }
  if (options.follow) {
    const leaving = new AbortController()
    process.once("SIGINT", () => leaving.abort()).once("SIGTERM", () => leaving.abort())
    await follower.follow(
      (text) => show(context, { text, line: parseLogLine(text) }, options),
      leaving.signal,
    )
  }
  return exitCode.ok
}

async function find(
  context: CliContext,
  directory: string,
  { id, json }: { readonly id: string; readonly json: true | undefined },
): Promise<number> {
  let found = 0
  for (const file of logFiles(directory)) {
    for await (const text of linesOf(file)) {
      if (!text.includes(id)) continue
      const line = parseLogLine(text)
      if (line.fields.keptAs !== id && line.fields.logId !== id) continue
      show(context, { text, line }, { json })
      found++
    }
  }
  if (found === 0) printLine(context.stderr, context.say("logs.id_not_found", { id }))
  return found === 0 ? exitCode.failed : exitCode.ok
}

function show(
  context: CliContext,
  { text, line }: { readonly text: string; readonly line: LogLine },
  { json }: { readonly json?: true | undefined },
): void {
  const wording = json
    ? harmlessJson(context, text)
    : styleText(colours[line.level], formatLogLine(line), { stream: context.stdout })
  printLine(context.stdout, wording)
}

/** JSON holds no control characters of the first kind, but those of the second, and marks that turn a line round. */
function harmlessJson({ stdout }: CliContext, text: string): string {
  if (!stdout.isTTY) return text
  return text.replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (found) => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`
  })
}
