import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { defaultConfig, locateDataDir, parseConfig } from "./config.ts"
import { settings } from "./config-settings.ts"
import type { ConfigSources } from "./config-sources.ts"

const token = (id: number) => `${id}:AAF-${"x".repeat(31)}`
const home = "/home/owner"
const dataDir = "/home/owner/.remoteagent"

function sources(given: {
  commandLine?: Record<string, string>
  environment?: Record<string, string>
  dotenv?: Record<string, string>
  file?: unknown
}): ConfigSources {
  return {
    dataDir: { path: dataDir, source: { kind: "default" } },
    commandLine: given.commandLine ?? {},
    environment: given.environment ?? {},
    dotenv: given.dotenv ? { path: `${dataDir}/.env`, values: given.dotenv } : null,
    file: given.file === undefined ? null : { path: `${dataDir}/config.json`, value: given.file },
    faults: [],
    home,
  }
}

const parse = (given: Parameters<typeof sources>[0]) => parseConfig(sources(given))
const brief = (given: Parameters<typeof sources>[0]) =>
  parse(given).problems.map(({ severity, kind, key }) => `${severity} ${kind} ${key}`)

describe("the configuration", () => {
  it("works without anything configured", () => {
    const { config, problems } = parse({})
    expect(problems).toEqual([])
    expect(config).toMatchObject({
      dataDir,
      telegram: { ownerId: null, bots: [], apiRoot: "https://api.telegram.org" },
      sessions: { defaultProvider: null, defaultWorkspace: null, workspaceRoot: `${dataDir}-workspaces` },
      localUi: { enabled: true, host: "127.0.0.1", port: 3794 },
      history: { cleanup: true, outputDays: 30, stepDays: 180 },
      artifacts: { retentionDays: 30 },
    })
    expect(defaultConfig(dataDir, home)).toEqual(config)
  })

  it("takes the first of command line, environment, .env, config.json and default", () => {
    const all = {
      commandLine: { LOCAL_UI_PORT: "1" },
      environment: { LOCAL_UI_PORT: "2" },
      dotenv: { LOCAL_UI_PORT: "3" },
      file: { localUi: { port: 4 } },
    }
    const ports = [
      all,
      { ...all, commandLine: {} },
      { dotenv: all.dotenv, file: all.file },
      { file: all.file },
      {},
    ].map((given) => parse(given).config.localUi.port)
    expect(ports).toEqual([1, 2, 3, 4, 3794])
  })

  it("treats an empty variable as one that is not set", () => {
    const given = {
      environment: { LOCAL_UI_PORT: " ", TELEGRAM_BOT_TOKEN: "" },
      dotenv: { LOCAL_UI_PORT: "99" },
    }
    expect(parse(given)).toMatchObject({ config: { localUi: { port: 99 } }, problems: [] })
  })

  it("adds up both names for tokens, separated by commas, spaces or lines", () => {
    const environment = {
      TELEGRAM_OWNER_ID: "7",
      TELEGRAM_BOT_TOKEN: token(1),
      TELEGRAM_BOT_TOKENS: `${token(2)}, ${token(3)}\n${token(4)} ${token(1)}`,
    }
    const { config, problems } = parse({ environment })
    expect(config.telegram.bots).toEqual([1, 2, 3, 4].map((id) => ({ id, token: token(id) })))
    expect(problems).toEqual([])
  })

  it("reads every environment name into the setting it stands for", () => {
    const examples: Record<string, string> = {
      ...{ TELEGRAM_BOT_TOKEN: token(1), TELEGRAM_BOT_TOKENS: token(2), TELEGRAM_OWNER_ID: "77" },
      ...{
        TELEGRAM_API_ROOT: "http://127.0.0.1:8081/",
        DEFAULT_MODE: "acp:echo",
        DEFAULT_WORKSPACE: "~/work",
      },
      ...{ WORKSPACE_ROOT: "/srv/agents", COMMAND_TIMEOUT_MS: "60000", SETUP_COMMAND_TIMEOUT_MS: "70000" },
      ...{ CODEX_BIN: "/opt/codex", CODEX_SANDBOX_MODE: "read-only", CLAUDE_BIN: "claude-next" },
      ...{ CLAUDE_PERMISSION_MODE: "plan", LOCAL_UI_ENABLED: "no", LOCAL_UI_HOST: "::1", LOCAL_UI_PORT: "0" },
      ...{
        HISTORY_CLEANUP_ENABLED: "no",
        HISTORY_OUTPUT_DAYS: "5",
        HISTORY_STEP_DAYS: "9",
        ARTIFACT_CLEANUP_ENABLED: "off",
        ARTIFACT_RETENTION_DAYS: "7",
        ARTIFACT_CLEANUP_INTERVAL_MS: "5000",
      },
      ...{
        ARTIFACT_MAX_BYTES: "2048",
        WORKSPACE_CLEANUP_ENABLED: "0",
        WORKSPACE_CLEANUP_INTERVAL_MS: "6000",
      },
      ...{ REMOTEAGENT_LANGUAGE: "ko", REMOTEAGENT_LOG_LEVEL: "debug", REMOTEAGENT_LOG_KEEP_DAYS: "3" },
      ...Object.fromEntries(
        ["CODEX", "CLAUDE", "OPENCLAW"].flatMap((agent) =>
          ["INSTALL", "LOGIN_START", "LOGIN_FINISH"].map((step) => [
            `${agent}_${step}_COMMAND`,
            `run ${step}`,
          ]),
        ),
      ),
    }
    expect(Object.keys(examples).sort()).toEqual(settings.map(({ name }) => name).sort())
    const { config, problems } = parse({ environment: examples })
    expect(problems).toEqual([])
    const commands = {
      install: "run INSTALL",
      loginStart: "run LOGIN_START",
      loginFinish: "run LOGIN_FINISH",
    }
    expect(config).toEqual({
      dataDir,
      language: "ko",
      languageSetting: "ko",
      telegram: {
        ownerId: 77,
        apiRoot: "http://127.0.0.1:8081",
        bots: [1, 2].map((id) => ({ id, token: token(id) })),
      },
      sessions: {
        defaultProvider: "acp:echo",
        defaultWorkspace: `${home}/work`,
        workspaceRoot: "/srv/agents",
      },
      timeouts: { commandMs: 60_000, setupCommandMs: 70_000 },
      providers: { codex: { command: "/opt/codex" }, claude: { command: "claude-next" } },
      host: {},
      defaults: { codex: { sandbox: "read-only" }, claude: { mode: "plan" } },
      commands: { codex: commands, claude: commands, openclaw: commands },
      localUi: { enabled: false, host: "::1", port: 0 },
      history: { cleanup: false, outputDays: 5, stepDays: 9 },
      artifacts: { cleanup: false, retentionDays: 7, cleanupIntervalMs: 5000, maxBytes: 2048 },
      workspaces: { cleanup: false, cleanupIntervalMs: 6000 },
      logs: { level: "debug", keepDays: 3 },
    })
  })
})

describe("problems of a configuration", () => {
  it.each([
    ["TELEGRAM_OWNER_ID", "@owner", "degraded"],
    ["TELEGRAM_OWNER_ID", "-100123", "degraded"],
    ["TELEGRAM_OWNER_ID", "12.5", "degraded"],
    ["TELEGRAM_OWNER_ID", "99999999999999999999", "degraded"],
    ["TELEGRAM_OWNER_ID", "1,2", "degraded"],
    ["TELEGRAM_API_ROOT", "api.telegram.org", "fatal"],
    ["TELEGRAM_API_ROOT", "ftp://host", "fatal"],
    ["DEFAULT_MODE", "gpt", "fatal"],
    ["DEFAULT_MODE", "acp:", "fatal"],
    ["DEFAULT_WORKSPACE", "projects/here", "fatal"],
    ["WORKSPACE_ROOT", "../up", "fatal"],
    ["COMMAND_TIMEOUT_MS", "30s", "fatal"],
    ["COMMAND_TIMEOUT_MS", "0", "fatal"],
    ["COMMAND_TIMEOUT_MS", "3000000000", "fatal"],
    ["SETUP_COMMAND_TIMEOUT_MS", "-1", "fatal"],
    ["CODEX_SANDBOX_MODE", "full", "fatal"],
    ["CLAUDE_PERMISSION_MODE", "yolo", "fatal"],
    ["LOCAL_UI_ENABLED", "maybe", "degraded"],
    ["LOCAL_UI_HOST", "0.0.0.0", "degraded"],
    ["LOCAL_UI_HOST", "192.168.1.2", "degraded"],
    ["LOCAL_UI_HOST", "example.org", "degraded"],
    ["LOCAL_UI_HOST", "127.0.0.1.evil.example", "degraded"],
    ["LOCAL_UI_PORT", "70000", "degraded"],
    ["LOCAL_UI_PORT", "0x50", "degraded"],
    ["ARTIFACT_RETENTION_DAYS", "0", "fatal"],
    ["ARTIFACT_MAX_BYTES", "10MB", "fatal"],
    ["REMOTEAGENT_LANGUAGE", "de", "fatal"],
    ["REMOTEAGENT_LOG_LEVEL", "verbose", "fatal"],
  ])("%s=%s is %s and says what is accepted and what to do", (name, value, severity) => {
    const { problems } = parse({ environment: { [name]: value } })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ key: name, severity, source: { kind: "environment" } })
    expect(problems[0]?.what).toContain(name)
    expect(problems[0]?.what).toContain(value)
    expect(problems[0]?.accepted).not.toBe("")
    expect(problems[0]?.remedy).not.toMatch(/\{\w+\}/)
  })

  it("leaves one malformed bot out and keeps the other, without showing a token", () => {
    const environment = { TELEGRAM_OWNER_ID: "7", TELEGRAM_BOT_TOKENS: `${token(1)},123456:tooshort` }
    const { config, problems } = parse({ environment })
    expect(config.telegram.bots.map(({ id }) => id)).toEqual([1])
    expect(problems).toMatchObject([{ severity: "degraded", kind: "bad_token", key: "TELEGRAM_BOT_TOKENS" }])
    expect(problems[0]?.what).toContain("2 of 2")
    expect(JSON.stringify(problems)).not.toContain("tooshort")
  })

  it("leaves out a second token of the same bot", () => {
    const other = token(1).replace("AAF", "BBB")
    const { config, problems } = parse({
      environment: { TELEGRAM_OWNER_ID: "7", TELEGRAM_BOT_TOKENS: `${token(1)} ${other}` },
    })
    expect(config.telegram.bots).toEqual([{ id: 1, token: token(1) }])
    expect(problems).toMatchObject([{ severity: "degraded", kind: "duplicate_bot" }])
  })

  it("keeps Telegram off without an owner, and tells the remedy once", () => {
    const bots = { TELEGRAM_BOT_TOKEN: token(1) }
    expect(brief({ environment: bots })).toEqual(["degraded owner_missing TELEGRAM_OWNER_ID"])
    expect(brief({ environment: { ...bots, TELEGRAM_OWNER_ID: "me" } })).toEqual([
      "degraded bad_value TELEGRAM_OWNER_ID",
    ])
    expect(parse({ environment: bots }).problems[0]?.remedy).toContain("remoteagent setup")
  })

  it("keeps the local page off when its address is refused", () => {
    expect(parse({ environment: { LOCAL_UI_HOST: "0.0.0.0" } }).config.localUi.enabled).toBe(false)
  })

  it("never shows what may be a secret in the wrong place", () => {
    const environment = { TELEGRAM_OWNER_ID: token(1), LOCAL_UI_PORT: "k".repeat(48) }
    const text = JSON.stringify(parse({ environment, file: { telegram: { ownerId: token(2) } } }).problems)
    expect(text).not.toContain("xxxxxx")
    expect(text).not.toContain("kkkkkk")
  })

  it("finds names in the environment that look like slips of ours, and leaves all others alone", () => {
    const environment = {
      TELEGRAM_BOT_TOKN: "x",
      LOCAL_UI_PROT: "1",
      XDG_DATA_DIRS: "/usr/share",
      PATH: "/bin",
      CODEX_HOME: "/c",
    }
    const { problems } = parse({ environment })
    expect(problems.map(({ key, severity }) => [key, severity])).toEqual([
      ["TELEGRAM_BOT_TOKN", "warning"],
      ["LOCAL_UI_PROT", "warning"],
    ])
    expect(problems[0]?.what).toContain("TELEGRAM_BOT_TOKEN?")
    expect(problems[1]?.remedy).toContain("LOCAL_UI_PORT")
  })

  it("names every unknown key of our own files", () => {
    const dotenv = { LOCAL_UI_PROT: "1", OPENAI_API_KEY: "x", CODEX_COMMAND: "codex", DATA_DIR: "/elsewhere" }
    const file = {
      localUi: { prot: 1 },
      telegramm: {},
      providers: { codexx: {} },
      defaults: { codex: { sandox: "x" } },
    }
    expect(brief({ dotenv })).toEqual([
      "warning unknown LOCAL_UI_PROT",
      "warning unknown OPENAI_API_KEY",
      "warning retired CODEX_COMMAND",
      "warning data_dir DATA_DIR",
    ])
    expect(brief({ file }).sort()).toEqual([
      "warning unknown defaults.codex.sandox",
      "warning unknown localUi.prot",
      "warning unknown providers.codexx",
      "warning unknown telegramm",
    ])
    const nearest = parse({ file }).problems.map(({ what }) => /mean (\S+)\?/.exec(what)?.[1])
    expect(nearest.sort()).toEqual(["codex", "port", "sandbox", "telegram"])
  })

  it("does not complain of a value in a file that the environment replaces", () => {
    const given = { environment: { LOCAL_UI_PORT: "81" }, file: { localUi: { port: "eighty" } } }
    expect(parse(given)).toMatchObject({ config: { localUi: { port: 81 } }, problems: [] })
    expect(brief({ file: given.file })).toEqual(["degraded bad_value localUi.port"])
  })

  it.each([[3], [[]], [null], ["text"]])("refuses a config.json that is %j", (file) => {
    expect(brief({ file })).toEqual([`fatal bad_value ${dataDir}/config.json`])
  })

  it("speaks the owner's language", () => {
    const korean = parse({ environment: { LANG: "ko_KR.UTF-8", LOCAL_UI_PORT: "x" } })
    expect(korean.config.language).toBe("ko")
    expect(korean.problems[0]?.what).toMatch(/[가-힣]/)
    expect(parse({ environment: { LANG: "kok_IN" } }).config.language).toBe("en")
  })

  it("always yields a usable value and its problems, whatever is written", () => {
    const names = settings.map(({ name }) => name)
    const anything = fc.dictionary(fc.constantFrom(...names), fc.string())
    const file = fc.oneof(
      fc.jsonValue(),
      fc.record({ localUi: fc.jsonValue(), telegram: fc.jsonValue(), providers: fc.jsonValue() }),
    )
    fc.assert(
      fc.property(anything, anything, file, (environment, dotenv, value) => {
        const { config, problems } = parse({ environment, dotenv, file: value })
        expect(config.dataDir).toBe(dataDir)
        expect(problems.every(({ what, remedy }) => what !== "" && remedy !== "")).toBe(true)
      }),
    )
  })
})

describe("the data directory", () => {
  const locate = (commandLine: string | undefined, environment: Record<string, string>) =>
    locateDataDir({ commandLine, environment, home, cwd: "/where/it/runs" }).path

  it("comes from --data-dir, else DATA_DIR, else the home directory", () => {
    expect(locate("/a", { DATA_DIR: "/b" })).toBe("/a")
    expect(locate(undefined, { DATA_DIR: "/b" })).toBe("/b")
    expect(locate(undefined, { DATA_DIR: " " })).toBe(dataDir)
  })

  it("may be relative to where the command runs, or to the home directory", () => {
    expect(locate("data", {})).toBe("/where/it/runs/data")
    expect(locate(undefined, { DATA_DIR: "~/ra" })).toBe(`${home}/ra`)
  })
})
