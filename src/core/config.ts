/** The configuration of a runtime: five sources in, one checked `Config` and its problems out. No I/O. */
import path from "node:path"
import type { HostConfig, ProvidersConfig } from "../protocol/config.ts"
import type { ProviderId } from "../protocol/ids.ts"
import { type ConfigProblem, type ConfigSource, type Fault, wordProblem } from "./config-fault.ts"
import type { ConfigValues } from "./config-schema.ts"
import { type ConfigSources, layer, unknownNames } from "./config-sources.ts"
import { type Language, systemLanguage } from "./texts/text.ts"

export interface Config {
  readonly dataDir: string
  /** What the owner reads; `auto` has been resolved from the machine's locale. */
  readonly language: Language
  readonly languageSetting: "auto" | Language
  readonly telegram: {
    /** Null: nobody may act, so Telegram stays off. */
    readonly ownerId: number | null
    readonly bots: readonly ConfiguredBot[]
    /** Without a slash at the end. */
    readonly apiRoot: string
  }
  readonly sessions: {
    readonly defaultProvider: ProviderId | null
    /** Null: a fresh managed workspace. */
    readonly defaultWorkspace: string | null
    readonly workspaceRoot: string
  }
  readonly timeouts: ConfigValues["timeouts"]
  /** How each agent is started; handed to the host. */
  readonly providers: ProvidersConfig
  readonly host: HostConfig
  /** Settings of new sessions, per provider. */
  readonly defaults: ConfigValues["defaults"]
  /** The owner's own install and sign-in commands, per provider. */
  readonly commands: ConfigValues["commands"]
  readonly localUi: ConfigValues["localUi"]
  readonly history: ConfigValues["history"]
  readonly artifacts: ConfigValues["artifacts"]
  readonly workspaces: ConfigValues["workspaces"]
  readonly logs: ConfigValues["logs"]
}

export interface ConfiguredBot {
  /** Telegram's id of the bot: the digits before the colon of its token. */
  readonly id: number
  readonly token: string
}

export interface ParsedConfig {
  /** Usable only when no problem is `fatal`: a value that was refused is replaced by its default. */
  readonly config: Config
  readonly problems: readonly ConfigProblem[]
}

/** Order: command line, environment, `DATA_DIR/.env`, `DATA_DIR/config.json`, default. */
export function parseConfig(sources: ConfigSources): ParsedConfig {
  const { values, origins, faults } = layer(sources)
  const tokens = readTokens(values.telegram.botTokens, origins.get("telegram.botTokens"))
  const all = [...sources.faults, ...faults, ...tokens.faults, ...unknownNames(sources)]
  const ownerRefused = all.some((fault) => fault.kind === "bad_value" && fault.effect === "telegram_off")
  if (tokens.bots.length > 0 && values.telegram.ownerId === null && !ownerRefused) {
    all.push({ kind: "owner_missing", key: "TELEGRAM_OWNER_ID", source: { kind: "default" } })
  }
  const config = assemble(sources, values, {
    bots: tokens.bots,
    localUiRefused: all.some((fault) => fault.kind === "bad_value" && fault.effect === "local_ui_off"),
  })
  return { config, problems: all.map((fault) => wordProblem(fault, config.language)) }
}

/** Where the data directory is: `--data-dir`, else `DATA_DIR`, else `~/.remoteagent`. */
export function locateDataDir(given: {
  readonly commandLine: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly cwd: string
}): ConfigSources["dataDir"] {
  const named = (value: string, source: ConfigSource) => ({
    path: path.resolve(given.cwd, expandHome(value.trim(), given.home)),
    source,
  })
  if (given.commandLine?.trim()) return named(given.commandLine, { kind: "command_line" })
  if (given.environment.DATA_DIR?.trim()) return named(given.environment.DATA_DIR, { kind: "environment" })
  return { path: path.join(given.home, ".remoteagent"), source: { kind: "default" } }
}

/** A configuration with nothing configured; for tests and for what must work before any setup. */
export function defaultConfig(dataDir: string, home: string): Config {
  return parseConfig({
    dataDir: { path: dataDir, source: { kind: "default" } },
    commandLine: {},
    environment: {},
    dotenv: null,
    file: null,
    faults: [],
    home,
  }).config
}

/** The bot id of a well-formed token, or null. Telegram's tokens are `<bot id>:<35 characters>`. */
export function botIdOf(token: string): number | null {
  const match = /^(\d{1,16}):[A-Za-z0-9_-]{20,100}$/.exec(token)
  return match ? Number(match[1]) : null
}

interface Origin {
  readonly key: string
  readonly source: ConfigSource
}

function readTokens(tokens: readonly string[], origin: Origin | undefined) {
  const where = origin ?? { key: "telegram.botTokens", source: { kind: "default" } as const }
  const bots: ConfiguredBot[] = []
  const faults: Fault[] = []
  const distinct = [...new Set(tokens)]
  for (const [index, token] of distinct.entries()) {
    const id = botIdOf(token)
    const place = { ...where, position: index + 1, total: distinct.length }
    if (id === null) faults.push({ kind: "bad_token", ...place })
    else if (bots.some((bot) => bot.id === id)) faults.push({ kind: "duplicate_bot", ...place })
    else bots.push({ id, token })
  }
  return { bots, faults }
}

function assemble(
  sources: ConfigSources,
  values: ConfigValues,
  found: { readonly bots: readonly ConfiguredBot[]; readonly localUiRefused: boolean },
): Config {
  const absolute = (value: string) => path.resolve(expandHome(value, sources.home))
  const { defaultProvider, defaultWorkspace, workspaceRoot } = values.sessions
  return {
    dataDir: sources.dataDir.path,
    language: values.language === "auto" ? systemLanguage(sources.environment) : values.language,
    languageSetting: values.language,
    telegram: {
      ownerId: values.telegram.ownerId,
      bots: found.bots,
      apiRoot: values.telegram.apiRoot.replace(/\/+$/, ""),
    },
    sessions: {
      defaultProvider,
      defaultWorkspace: defaultWorkspace === null ? null : absolute(defaultWorkspace),
      workspaceRoot: workspaceRoot === null ? `${sources.dataDir.path}-workspaces` : absolute(workspaceRoot),
    },
    timeouts: values.timeouts,
    providers: values.providers,
    host: values.host,
    defaults: values.defaults,
    commands: values.commands,
    localUi: found.localUiRefused ? { ...values.localUi, enabled: false } : values.localUi,
    history: values.history,
    artifacts: values.artifacts,
    workspaces: values.workspaces,
    logs: values.logs,
  }
}

function expandHome(value: string, home: string): string {
  return value === "~" || value.startsWith("~/") ? path.join(home, value.slice(1)) : value
}
