/** The command line: understands it, runs one command, answers with an exit code. */
import { errorCode } from "../platform/system-error.ts"
import { ApiRefusal } from "../protocol/calls.ts"
import { type CliContext, type CliProcess, openContext, printLine } from "./context.ts"
import { NotRunningError } from "./control-client.ts"
import { exitCode } from "./exit-code.ts"
import { buildProgram } from "./program.ts"
import { isCommanderError, UsageError, usageError } from "./usage-error.ts"

export async function main(words: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process
  for (const stream of [stdout, stderr]) stream.on("error", endWithoutReader)
  return await runCli(words, { environment: process.env, cwd: process.cwd(), stdin, stdout, stderr })
}

export async function runCli(words: readonly string[], cli: CliProcess): Promise<number> {
  const dataDir = givenDataDir(words)
  const base = openContext(cli, { dataDir })
  let code: number = exitCode.ok
  const program = buildProgram(base, async (run, settings) => {
    code = await run(settings ? openContext(cli, { dataDir, settings }) : base)
  })
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      outputError: () => undefined,
    })
  }
  try {
    await program.parseAsync([...words], { from: "user" })
    return code
  } catch (error) {
    return explain(isCommanderError(error) ? usageError(error, program, base.say) : error, base)
  }
}

/** Whoever reads may have seen enough, as `head` has: then nobody is left to tell anything. */
function endWithoutReader(error: Error): void {
  if (errorCode(error) !== "EPIPE") throw error
  process.exit(exitCode.ok)
}

/** Says what went wrong; an error of an unknown kind keeps its stack. */
function explain(error: unknown, context: CliContext): number {
  const { say, stderr, config } = context
  if (error === null) return exitCode.ok
  if (error instanceof UsageError) {
    for (const line of error.lines) printLine(stderr, line)
    return exitCode.badUsage
  }
  if (error instanceof NotRunningError) {
    printLine(stderr, say("error.not_running", { dataDir: config.dataDir }))
    printLine(stderr, say("error.how_to_start"))
    return exitCode.notRunning
  }
  if (error instanceof ApiRefusal) {
    printLine(stderr, say("error.refused", { message: error.message }))
    return exitCode.failed
  }
  throw error
}

/** The language of the help itself depends on it, so it is looked for before the line is parsed. */
function givenDataDir(words: readonly string[]): string | undefined {
  const name = "--data-dir"
  const options = words.slice(0, words.indexOf("--") === -1 ? undefined : words.indexOf("--"))
  const joined = options.findLast((word) => word.startsWith(`${name}=`))
  if (joined) return joined.slice(name.length + 1)
  const place = options.lastIndexOf(name)
  return place === -1 ? undefined : options[place + 1]
}
