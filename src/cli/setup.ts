import { readFileSync } from "node:fs"
import path from "node:path"
import { cancel, intro, log, note, outro } from "@clack/prompts"
import { changeEnv, type EnvChanges } from "../core/env-text.ts"
import { opsText } from "../core/texts/ops.ts"
import { setupText } from "../core/texts/setup.ts"
import { providerFindings } from "../ops/providers.ts"
import { writePrivateFile } from "../platform/private-file.ts"
import { isMissing } from "../platform/system-error.ts"
import { type CliContext, printLine } from "./context.ts"
import { NotRunningError } from "./control-client.ts"
import { exitCode } from "./exit-code.ts"
import { harmless } from "./harmless.ts"
import { probeProviders } from "./probe-providers.ts"
import { type ChosenBot, chooseBots } from "./setup/choose-bots.ts"
import { learnOwner } from "./setup/learn-owner.ts"
import type { Setup } from "./setup/setup-context.ts"

/** Asks for bot and owner, shows the agents found, and writes `DATA_DIR/.env`. An existing set-up is kept unless changed. */
export async function setup(context: CliContext): Promise<number> {
  const { config, stdin, stdout } = context
  const file = path.join(config.dataDir, ".env")
  if (!stdin.isTTY || !stdout.isTTY) return explainVariables(context, file)
  const say = setupText(config.language)
  const leaving = new AbortController()
  const asking: Setup = { config, say, signal: leaving.signal, io: { input: stdin, output: stdout } }
  intro(say("setup.title"), asking.io)
  log.info(say("setup.data_dir", { dataDir: config.dataDir }), asking.io)
  const leave = () => leaving.abort()
  process.on("SIGINT", leave)
  const wanted = await ask(context, asking)
  process.off("SIGINT", leave)
  if (wanted === null) return giveUp(asking)

  save(file, wanted)
  log.success(say("setup.saved", { file }), asking.io)
  warnOverridden(context, asking)
  await showProviders(context, asking)
  outro(say("setup.done"), asking.io)
  return exitCode.ok
}

/** Null: the owner gave up. */
async function ask(context: CliContext, asking: Setup): Promise<EnvChanges | null> {
  const { config, say, io } = asking
  if (await isRunning(context)) log.warn(say("setup.running"), io)
  const bots = await chooseBots(asking)
  if (bots === null) return null
  const [first] = bots
  if (!first) return changes(bots, config.telegram.ownerId)
  const owner = await learnOwner(asking, first)
  if (owner === "cancelled") return null
  if (owner === "unknown") log.warn(say("setup.owner_missing"), io)
  return changes(bots, owner === "unknown" ? null : owner)
}

/** One bot goes under the singular name, several under the plural one; never both. */
function changes(bots: readonly ChosenBot[], owner: number | null): EnvChanges {
  const [first, ...others] = bots.map(({ token }) => token)
  return {
    TELEGRAM_BOT_TOKEN: first !== undefined && others.length === 0 ? first : null,
    TELEGRAM_BOT_TOKENS: first !== undefined && others.length > 0 ? [first, ...others].join(",") : null,
    ...(owner === null ? {} : { TELEGRAM_OWNER_ID: String(owner) }),
  }
}

function save(file: string, wanted: EnvChanges): void {
  writePrivateFile(file, changeEnv(textOf(file), wanted))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (isMissing(error)) return ""
    throw error
  }
}

function explainVariables(context: CliContext, file: string): number {
  const say = setupText(context.config.language)
  const variables = [
    ["TELEGRAM_BOT_TOKEN", say("setup.var_tokens")],
    ["TELEGRAM_OWNER_ID", say("setup.var_owner")],
    ["DEFAULT_MODE", say("setup.var_mode")],
    ["DATA_DIR", say("setup.var_data_dir")],
  ] as const
  printLine(context.stderr, say("setup.not_interactive", { file }))
  for (const [name, meaning] of variables) printLine(context.stderr, `  ${name.padEnd(20)} ${meaning}`)
  return exitCode.failed
}

async function isRunning({ client }: CliContext): Promise<boolean> {
  try {
    await client.call("status.read", {})
    return true
  } catch (error) {
    if (error instanceof NotRunningError) return false
    throw error
  }
}

function warnOverridden({ environment }: CliContext, { say, io }: Setup): void {
  for (const key of ["TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKENS", "TELEGRAM_OWNER_ID"]) {
    if (environment[key]) log.warn(say("setup.environment_wins", { key }), io)
  }
}

async function showProviders(context: CliContext, { say, io }: Setup): Promise<void> {
  const findings = providerFindings(await probeProviders(context), opsText(context.config.language))
  const lines = findings.flatMap(({ what, remedy }) => (remedy === null ? [what] : [what, `  → ${remedy}`]))
  note(harmless(lines.join("\n")), say("setup.providers"), io)
}

function giveUp({ say, io }: Setup): number {
  cancel(say("setup.cancelled"), io)
  return exitCode.failed
}
