import type { BotStatus, RuntimeStatus } from "../protocol/replies.ts"
import { type CliContext, printJson, printLine, showInstant } from "./context.ts"
import { NotRunningError } from "./control-client.ts"
import { exitCode } from "./exit-code.ts"

export async function status(context: CliContext, options: { readonly json?: true }): Promise<number> {
  const found = await askStatus(context)
  if (options.json) {
    printJson(
      context,
      found ? { running: true, ...found } : { running: false, dataDir: context.config.dataDir },
    )
    return found ? exitCode.ok : exitCode.notRunning
  }
  if (!found) throw new NotRunningError("not running")
  for (const line of statusLines(context, found)) printLine(context.stdout, line)
  return exitCode.ok
}

async function askStatus(context: CliContext): Promise<RuntimeStatus | null> {
  try {
    return await context.client.call("status.read", {})
  } catch (error) {
    if (error instanceof NotRunningError) return null
    throw error
  }
}

function statusLines(context: CliContext, status: RuntimeStatus): readonly string[] {
  const { say } = context
  const { telegram, localUi, sessions } = status
  const since = showInstant(context, status.startedAt)
  return [
    say("status.running", { version: status.version, pid: status.pid, since }),
    say("status.data_dir", { dataDir: status.dataDir }),
    localUi ? say("status.local_ui", { url: localUi }) : say("status.local_ui_off"),
    telegramLine(context, status),
    ...telegram.bots.map((bot) => `  ${botLine(context, bot)}`),
    say("status.host", { state: say(`host.${status.host.state}`) }),
    say("status.counts", {
      open: sessions.open,
      working: sessions.working,
      queued: status.queuedTurns,
      requests: status.openRequests,
      undelivered: status.undelivered,
    }),
    ...status.problems.map(
      (problem) => `${say(`problem.${problem.severity}`)}: ${problem.what} ${problem.remedy}`,
    ),
  ]
}

function telegramLine({ say }: CliContext, { telegram }: RuntimeStatus): string {
  if (telegram.state === "on") return say("status.telegram_on")
  return telegram.reason
    ? say("status.telegram_off_why", { reason: telegram.reason })
    : say("status.telegram_off")
}

function botLine({ say }: CliContext, bot: BotStatus): string {
  const name = bot.username === null ? String(bot.id) : `@${bot.username}`
  const line = say("status.bot", { name, state: say(`bot.${bot.state}`) })
  return bot.detail ? `${line} (${bot.detail})` : line
}
