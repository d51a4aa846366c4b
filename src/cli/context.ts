import type { Config } from "../core/config.ts"
import type { ConfigProblem } from "../core/config-fault.ts"
import { cliText } from "../core/texts/cli.ts"
import { loadConfig } from "../platform/config-files.ts"
import { ownVersion } from "../platform/installation.ts"
import { socketPath } from "../platform/socket-path.ts"
import { type ControlClient, controlClient } from "./control-client.ts"

/** The process a command runs in, as far as commands may know it. */
export interface CliProcess {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** What every command is given. */
export interface CliContext extends CliProcess {
  readonly config: Config
  readonly problems: readonly ConfigProblem[]
  readonly client: ControlClient
  readonly say: ReturnType<typeof cliText>
  readonly version: string
}

export function openContext(
  cli: CliProcess,
  options: { readonly dataDir?: string | undefined; readonly settings?: Readonly<Record<string, string>> },
): CliContext {
  const { config, problems } = loadConfig({
    environment: cli.environment,
    cwd: cli.cwd,
    dataDir: options.dataDir,
    commandLine: options.settings ?? {},
  })
  return {
    ...cli,
    config,
    problems,
    client: controlClient(socketPath(config.dataDir, "runtime")),
    say: cliText(config.language),
    version: ownVersion(),
  }
}

export function printLine(stream: NodeJS.WriteStream, line: string): void {
  stream.write(`${line}\n`)
}

export function printJson(context: CliContext, value: unknown): void {
  printLine(context.stdout, JSON.stringify(value, null, 2))
}

/** A moment as this machine writes it, in the owner's language. */
export function showInstant(context: CliContext, instant: number): string {
  const locale = context.config.language === "ko" ? "ko-KR" : "en-GB"
  return new Date(instant).toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium" })
}
