/** The command line as a whole: which commands there are and what they take. What they do is in a file each. */
import { Command } from "commander"
import { SessionId } from "../protocol/ids.ts"
import type { CliContext } from "./context.ts"
import { UsageError, unknownCommand } from "./usage-error.ts"

/** Runs the command with the context made for its options, and keeps the exit code. */
export type Runner = (
  run: (context: CliContext) => Promise<number>,
  settings?: Readonly<Record<string, string>>,
) => Promise<void>

export function buildProgram(base: CliContext, run: Runner): Command {
  const { say } = base
  const program = new Command("remoteagent")
    .description(say("program.description"))
    .version(base.version, "-v, --version", say("option.version"))
    .helpCommand(false)
    .argument("[command]")
    .allowExcessArguments()
  const command = (name: string, about: string) =>
    common(program.command(name).description(about).allowExcessArguments(false), say)
  const json = (target: Command) => target.option("--json", say("option.json"))

  addServing(program, base, { run, command, json })
  addTalking(base, { run, command, json })
  addCaring(base, { run, command, json })
  common(program, say)
  translateHelp(program)
  return program
}

interface Building {
  readonly run: Runner
  readonly command: (name: string, about: string) => Command
  readonly json: (target: Command) => Command
}

/** start, stop, status */
function addServing(program: Command, { say }: CliContext, { run, command, json }: Building): void {
  const start = async (options: StartOptions) => {
    const settings = {
      ...(options.localUi === false ? { LOCAL_UI_ENABLED: "false" } : {}),
      ...(options.port === undefined ? {} : { LOCAL_UI_PORT: options.port }),
    }
    await run(async (context) => (await import("./start.ts")).start(context), settings)
  }
  command("start", say("start.description"))
    .option("--port <port>", say("option.port"))
    .option("--no-local-ui", say("option.no_local_ui"))
    .action(start)
  program.action(async (name: string | undefined) => {
    if (name !== undefined) throw unknownCommand(name, program, say)
    await start({})
  })

  json(command("stop", say("stop.description")))
    .option("--agents", say("option.agents"))
    .action((options: { json?: true; agents?: true }) =>
      run(async (context) => (await import("./stop.ts")).stop(context, options)),
    )
  json(command("status", say("status.description"))).action((options: { json?: true }) =>
    run(async (context) => (await import("./status.ts")).status(context, options)),
  )
}

interface StartOptions {
  readonly localUi?: boolean
  readonly port?: string
}

/** chat, send, trace */
function addTalking({ say }: CliContext, { run, command, json }: Building): void {
  const session = (value: string) => parseSession(value, say)
  command("chat", say("chat.description"))
    .argument("[session]", say("argument.session"), session)
    .option("--provider <provider>", say("option.provider"))
    .option("--workspace <directory>", say("option.workspace"))
    .action((id: SessionId | undefined, options: { provider?: string; workspace?: string }) =>
      run(async (context) => (await import("./chat.ts")).chat(context, { ...options, session: id })),
    )
  json(command("send", say("send.description")))
    .argument("<session>", say("argument.session"), session)
    .argument("<text>", say("argument.text"))
    .option("--wait", say("option.wait"))
    .option("--client-id <id>", say("option.client_id"))
    .action((id: SessionId, text: string, options: { json?: true; wait?: true; clientId?: string }) =>
      run(async (context) => (await import("./send.ts")).send(context, { ...options, session: id, text })),
    )
  json(command("trace", say("trace.description")))
    .argument("<message>", say("argument.message"))
    .action((message: string, options: { json?: true }) =>
      run(async (context) => (await import("./trace.ts")).trace(context, message, options)),
    )
}

/** setup, doctor, logs */
function addCaring({ say }: CliContext, { run, command, json }: Building): void {
  command("setup", say("setup.description")).action(() =>
    run(async (context) => (await import("./setup.ts")).setup(context)),
  )
  json(command("doctor", say("doctor.description")))
    .option("--offline", say("option.offline"))
    .action((options: { json?: true; offline?: true }) =>
      run(async (context) => (await import("./doctor.ts")).doctor(context, options)),
    )
  json(command("logs", say("logs.description")))
    .option("--id <logId>", say("option.log_id"))
    .option("-n, --lines <count>", say("option.lines"), (value: string) => parseCount(value, say), 20)
    .option("--no-follow", say("option.no_follow"))
    .action((options: { json?: true; id?: string; lines: number; follow: boolean }) =>
      run(async (context) => (await import("./logs.ts")).logs(context, options)),
    )
}

function common(command: Command, say: CliContext["say"]): Command {
  return command
    .option("--data-dir <directory>", say("option.data_dir"))
    .helpOption("-h, --help", say("option.help"))
}

/** `s1`, `1` and `S001` all mean S001. */
function parseSession(value: string, say: CliContext["say"]): SessionId {
  const digits = /^s?(\d+)$/i.exec(value)?.[1]
  const parsed = SessionId.safeParse(digits === undefined ? value : `S${digits.padStart(3, "0")}`)
  if (parsed.success) return parsed.data
  throw new UsageError([say("usage.bad_value", { name: "session", value, accepted: say("usage.session") })])
}

function parseCount(value: string, say: CliContext["say"]): number {
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new UsageError([say("usage.bad_value", { name: "--lines", value, accepted: say("usage.number") })])
}

/** The list of commands says more than a placeholder does. */
function translateHelp(program: Command): void {
  program.usage("[command] [options]").configureHelp({ visibleArguments: () => [] })
}
