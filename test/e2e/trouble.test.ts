/** What the owner's machine can do to us: each is said in one sentence with its remedy, and nothing is lost or run twice. */
import { execFile, spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { dirname, join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { LEDGER_FILE } from "../../src/ledger/database.ts"
import { openLedger } from "../../src/ledger/ledger.ts"
import { codexBinary } from "../agents/install.ts"
import { OwnerHome } from "../cli/run-cli.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { prepareWorld, startWorld, type World } from "../world.ts"
import { decides, labelsOf } from "./stage.ts"

const repository = resolve(import.meta.dirname, "../..")

/** The reason why there is no answer, as the owner reads it; complete with its button and without our files' names. */
async function failsWith(world: World, owner: Conversation, pattern: RegExp): Promise<string> {
  const failure = await owner.sees(/^⚠/, { timeoutMs: 45_000 })
  const text = failure.text ?? ""
  expect(text).toMatch(pattern)
  expect(text).not.toContain(world.directory)
  expect(text).not.toMatch(/\n {4}at /)
  expect(labelsOf(failure)).toHaveLength(1)
  return text
}

/** Nothing in it is English but these names and commands: no two words in a row, to be exact. */
function expectKorean(text: string, names: readonly string[]): void {
  const rest = names.reduce((left, name) => left.replaceAll(name, "·"), text)
  expect(rest).toMatch(/[가-힣]/)
  expect(rest).not.toMatch(/[a-z]{2,} [a-z]{2,}/i)
}

const consumed = (world: World, text: string) =>
  world.consumed().filter((one) => one.text.includes(text)).length

describe("an agent that does not work", { concurrent: true }, () => {
  /** Programs that are put beside the world, by name. */
  const programs = {
    exits: "#!/bin/sh\necho 'secret reason 4711' >&2\nexit 3\n",
    garbage: "#!/bin/sh\necho 'Welcome to the agent!'\necho '{broken'\ncat >/dev/null\n",
    mute: "#!/bin/sh\ncat >/dev/null\n",
    "old-codex": "#!/bin/sh\n[ \"$1\" = --version ] && echo 'codex-cli 0.1.0' && exit\nexit 2\n",
    "old-claude": "#!/bin/sh\n[ \"$1\" = --version ] && echo '1.0.0 (Claude Code)' && exit\nexit 1\n",
  }

  async function brokenWorld(environment: Readonly<Record<string, string>> = {}): Promise<World> {
    const bots = ["missing", "plain", "exits", "garbage", "mute", "codex", "claude", "workspace"]
    const world = await prepareWorld({ bots: bots.length, environment })
    // Opened in all of them: before that, a bot can do nothing in a chat.
    for (const bot of bots.keys()) world.owner(bot)
    const directory = join(world.directory, "programs")
    mkdirSync(directory)
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(directory, name), script, { mode: 0o755 })
    }
    writeFileSync(join(directory, "plain"), programs.exits, { mode: 0o644 })
    const path = join(world.dataDir, "config.json")
    const config = JSON.parse(readFileSync(path, "utf8"))
    for (const name of ["missing", "plain", "exits", "garbage", "mute"])
      config.providers.acp[name] = { command: join(directory, name) }
    config.providers.codex = { command: join(directory, "old-codex") }
    config.providers.claude = { command: join(directory, "old-claude") }
    writeFileSync(path, JSON.stringify(config))
    await world.starts()
    return world
  }

  /** A session with this agent, and its first prompt. */
  async function asks(world: World, bot: number, agent: string): Promise<Conversation> {
    const owner = world.owner(bot)
    await owner.says(`/new ${agent}`)
    await owner.sees(/S\d{3}/)
    await owner.says(`hello ${agent}`)
    return owner
  }

  it("is told with its remedy, within a bounded time, and runs once when it is mended", async () => {
    await using world = await brokenWorld()
    const [missing, plain, exits, garbage, mute, codex, claude] = await Promise.all(
      ["missing", "plain", "exits", "garbage", "mute", "codex", "claude"].map((agent, bot) =>
        asks(world, bot, agent),
      ),
    )
    if (!(missing && plain && exits && garbage && mute && codex && claude)) throw new Error("too few chats")
    const notThere = (name: string) =>
      new RegExp(`set in providers\\.acp\\.${name}\\.command, is missing or may not be executed. Correct`)
    await failsWith(world, missing, notThere("missing"))
    await failsWith(world, plain, notThere("plain"))
    const text = await failsWith(
      world,
      exits,
      /ended while it started. Start it once in a terminal to see why/,
    )
    expect(text).not.toContain("4711")
    expect(await logOf(world, text)).toContain("secret reason 4711")
    await failsWith(world, codex, /Codex 0\.1\.0 is too old.*Update it with: npm install/)
    await failsWith(world, claude, /Claude Code 1\.0\.0 is too old.*Update it with: claude update/)

    const echo = JSON.parse(readFileSync(join(world.dataDir, "config.json"), "utf8")).providers.acp.echo
    const script = `#!/bin/sh\nACP_AGENT_STATE='${echo.env.ACP_AGENT_STATE}' exec '${echo.command}' '${echo.args[0]}'\n`
    writeFileSync(join(world.directory, "programs", "exits"), script)
    chmodSync(join(world.directory, "programs", "exits"), 0o755)
    await decides(exits, "Run again")
    await exits.sees("echo: hello exits")
    expect(consumed(world, "hello exits")).toBe(1)

    await workspaceGone(world, 7)
    await failsWith(world, garbage, /did not answer “initialize” within 30 s/)
    await failsWith(world, mute, /did not answer “initialize” within 30 s/)
    world.telegram.assertClean()
  })

  async function workspaceGone(world: World, bot: number): Promise<void> {
    const owner = world.owner(bot)
    await owner.says("/new echo")
    const fresh = await owner.sees(/S\d{3}/)
    const workspace = join(`${world.dataDir}-workspaces`, /S\d{3}/.exec(fresh.text ?? "")?.[0] ?? "none")
    expect(existsSync(workspace)).toBe(true)
    rmSync(workspace, { recursive: true })
    await owner.says("hello workspace")
    await failsWith(
      world,
      owner,
      /directory does not exist any more. Make it again, or begin anew with \/new/,
    )
    mkdirSync(workspace)
    await decides(owner, "Run again")
    await owner.sees("echo: hello workspace")
    expect(consumed(world, "hello workspace")).toBe(1)
  }

  async function logOf(world: World, text: string): Promise<string> {
    const id = /--id (\S+)/.exec(text)?.[1] ?? "none"
    const { environment } = world
    const args = [join(repository, "bin/remoteagent.js"), "logs", "--no-follow", "--id", id]
    return (await promisify(execFile)(process.execPath, args, { env: environment })).stdout
  }

  it("and is the chosen one, is told in the owner's language with the command that installs it", async () => {
    const environment = { REMOTEAGENT_LANGUAGE: "ko", PATH: `${dirname(process.execPath)}:/usr/bin:/bin` }
    await using world = await startWorld({ agent: "codex", environment })
    const owner = world.owner()
    await owner.says("안녕")
    const text = await failsWith(world, owner, /설치되어 있지 않습니다/)
    expect(text).toContain("npm install -g @openai/codex")
    expectKorean(text, ["npm install -g @openai/codex", "Codex"])
    await owner.says("/start")
    const offer = await owner.sees(/Codex — 설치 필요/)
    expectKorean(offer.text ?? "", ["npm install -g", "@openai/codex", "Claude Code"])
    world.telegram.assertClean()
  })

  it("is told in Korean to an owner who reads Korean, with its remedy and no English sentence", async () => {
    await using world = await brokenWorld({ REMOTEAGENT_LANGUAGE: "ko" })
    const tells = async (bot: number, agent: string, pattern: RegExp, names: readonly string[]) => {
      const owner = await asks(world, bot, agent)
      expectKorean(await failsWith(world, owner, pattern), names)
    }
    const setting = (name: string) => [`providers.acp.${name}.command`, name]
    await Promise.all([
      tells(0, "missing", /프로그램이 없거나 실행 권한이 없습니다.*고치세요/, setting("missing")),
      tells(1, "exits", /시작하다가 종료되었습니다.*터미널에서 한 번 실행해/, [
        "remoteagent logs --id",
        "exits",
      ]),
      tells(2, "codex", /너무 오래되었습니다.*업데이트: npm install/, ["npm install -g", "Codex"]),
      tells(3, "claude", /너무 오래되었습니다.*업데이트: claude update/, ["claude update", "Claude Code"]),
    ])
    const owner = world.owner(0)
    await owner.says("/model")
    expectKorean((await owner.sees(/^providers\.acp\.missing\.command에/)).text ?? "", setting("missing"))
    world.telegram.assertClean()
  })

  it.skipIf(codexBinary() === null).each([
    ["en", /^⚠ Failed\nCodex is not signed in.*On the machine, run: codex login --device-auth$/],
    ["ko", /^⚠ 실패\nCodex에 로그인되어 있지 않거나.*컴퓨터에서 실행하세요: codex login --device-auth$/],
  ])("for want of a sign-in, is told with the command for it (%s)", async (language, pattern) => {
    const environment = { CODEX_BIN: codexBinary() ?? "", REMOTEAGENT_LANGUAGE: language }
    await using world = await startWorld({ agent: "codex", environment })
    const owner = world.owner()
    await owner.says("hello")
    const text = await failsWith(world, owner, pattern)
    if (language === "ko") expectKorean(text, ["codex login --device-auth", "Codex"])
    world.telegram.assertClean()
  })
})

describe("the runtime", { concurrent: true }, () => {
  it.each([
    ["en", /host cannot start .*tried again/],
    ["ko", /에이전트 호스트를 시작할 수 없습니다.*다시 시도합니다/],
  ])(
    "waits visibly for a host that cannot start, and runs the prompt once it can (%s)",
    async (language, said) => {
      await using world = await prepareWorld({ environment: { REMOTEAGENT_LANGUAGE: language } })
      mkdirSync(join(world.dataDir, "host.sock", "in-the-way"), { recursive: true })
      await world.starts()
      const owner = world.owner()
      await owner.says("patience")
      const draft = await owner.seesDraft(said)
      expect(draft.text).not.toContain(world.dataDir)
      rmdirSync(join(world.dataDir, "host.sock", "in-the-way"))
      rmdirSync(join(world.dataDir, "host.sock"))
      await owner.sees("echo: patience")
      expect(consumed(world, "patience")).toBe(1)
      world.telegram.assertClean()
    },
  )

  it("goes on after another program has held its ledger, with everything that came meanwhile", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("before")
    await owner.sees("echo: before")
    const other = new DatabaseSync(join(world.dataDir, LEDGER_FILE))
    other.exec("BEGIN IMMEDIATE")
    await owner.says("meanwhile")
    await owner.sees(/cannot write to its disk.*another program holds the ledger/)
    expect(consumed(world, "meanwhile")).toBe(0)
    other.exec("ROLLBACK")
    other.close()
    await owner.sees("echo: meanwhile")
    await owner.sees(/again and goes on/)
    expect(consumed(world, "meanwhile")).toBe(1)
    world.telegram.assertClean()
  })
})

/** Mounting needs root, or a user namespace, which not every machine allows. */
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
if (!canMount)
  console.warn("NOT TESTED: a full disk. It needs `unshare -rm`, which this machine does not allow.")

describe.runIf(canMount)("a full disk", { concurrent: true }, () => {
  it("loses nothing, runs nothing twice, ends neither process, and is told to the owner", async () => {
    const base = join(repository, ".tmp")
    mkdirSync(base, { recursive: true })
    const directory = mkdtempSync(join(base, "disks-"))
    const disks = ["all", "journal"].map((name) => join(directory, name))
    for (const disk of disks) mkdirSync(disk)
    try {
      const script = join(import.meta.dirname, "full-disk.ts")
      const { stdout } = await promisify(execFile)("unshare", ["-rm", process.execPath, script, ...disks], {
        timeout: 50_000,
        maxBuffer: 1 << 24,
      })
      const { log, ...seen } = JSON.parse(stdout)
      expect(seen).toEqual({
        alarm: expect.stringContaining("nothing is lost, what you send waits"),
        waiting: 1,
        answeredWhileFull: 0,
        survived: [true, true],
        consumed: {
          before: 1,
          during: 1,
          "paste paste": 1,
          "while it is full": 1,
          "while the journal is full": 1,
        },
        exit: 0,
      })
      expect(log).toContain("cannot write to its disk")
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  /** What `start` says where DATA_DIR is such a disk. */
  async function startOn(
    options: string,
  ): Promise<{ readonly code: number | undefined; readonly stderr: string }> {
    await using home = new OwnerHome()
    const program = join(repository, "bin/remoteagent.js")
    const fill = options.startsWith("ro") ? "" : "dd if=/dev/zero of=/mnt/filler bs=4k 2>/dev/null;"
    const line = `mount -t tmpfs -o ${options} tmpfs /mnt && { ${fill} exec "$0" "$@"; }`
    const owners = { HOME: home.path, DATA_DIR: "/mnt", LOCAL_UI_PORT: "0" }
    const env = { PATH: "/usr/bin:/bin", LANG: "C.UTF-8", ...owners }
    const args = ["-rm", "sh", "-c", line, process.execPath, program, "start"]
    return await promisify(execFile)("unshare", args, { env, timeout: 20_000 }).then(
      () => ({ code: 0, stderr: "" }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
    )
  }

  it("is what a start says that finds one", async () => {
    const { code, stderr } = await startOn("size=128k")
    expect([code, stderr]).toEqual([
      1,
      "The disk of /mnt is full. Nothing was lost; free some space and start again.\n",
    ])
  })

  it("is told apart from one that may not be written to", async () => {
    const { code, stderr } = await startOn("ro")
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^\/mnt cannot be written\. Give this user the right to.*\n$/),
    ])
  })
})

describe("a start", { concurrent: true }, () => {
  const environment = { LOCAL_UI_PORT: "0", DEFAULT_MODE: "demo" }
  async function refuses(home: OwnerHome, more: Record<string, string> = {}): Promise<string> {
    const { code, stderr } = await home.run(["start"], { environment: { ...environment, ...more } })
    expect(code).toBe(1)
    expect(stderr).not.toMatch(/\n {4}at /)
    return stderr
  }

  it.each([
    ["en", "which is not a directory"],
    ["ko", "디렉터리"],
  ])("says that the data directory is a file (%s)", async (REMOTEAGENT_LANGUAGE, expected) => {
    await using home = new OwnerHome()
    writeFileSync(home.dataDir, "")
    expect(await refuses(home, { REMOTEAGENT_LANGUAGE })).toContain(expected)
  })

  it("says that something is where its socket belongs", async () => {
    await using home = new OwnerHome()
    mkdirSync(join(home.dataDir, "runtime.sock"), { recursive: true })
    expect(await refuses(home)).toContain(
      `${join(home.dataDir, "runtime.sock")} is a directory where a file belongs`,
    )
  })

  it("says that config.json is broken, and where", async () => {
    await using home = new OwnerHome()
    mkdirSync(home.dataDir)
    writeFileSync(join(home.dataDir, "config.json"), '{ "telegram": { ]')
    const said = await refuses(home)
    expect(said).toMatch(/config\.json/)
    expect(said).toContain("does not start until this is corrected")
  })

  it("says that another program holds the ledger", async () => {
    await using home = new OwnerHome()
    ;(await openLedger(home.dataDir, 1)).close()
    const other = new DatabaseSync(join(home.dataDir, LEDGER_FILE))
    other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
    const said = await refuses(home)
    other.close()
    expect(said).toContain(`Another program holds ${join(home.dataDir, LEDGER_FILE)}`)
  })

  it("refuses a newer ledger and a damaged one, and goes on as the owner decides", async () => {
    await using home = new OwnerHome()
    const ledger = await openLedger(home.dataDir, 1)
    await ledger.backUp("daily-2026-01-01")
    ledger.close()
    const path = join(home.dataDir, LEDGER_FILE)
    const db = new DatabaseSync(path)
    db.exec("PRAGMA user_version = 99")
    db.close()
    expect(await refuses(home)).toMatch(
      /newer RemoteAgent \(schema 99; this one knows \d+\)\. Nothing was changed/,
    )
    writeFileSync(path, "garbage")
    const said = await refuses(home)
    expect(said).toMatch(/^The ledger is damaged\. It was set aside as /)
    expect(await refuses(home, { REMOTEAGENT_LANGUAGE: "ko" })).toMatch(/^원장이 손상되었습니다/)
    const [, backup = "", target = ""] = /cp "(.*)" "(.*)"/.exec(said) ?? []
    spawnSync("cp", [backup, target])
    const running = home.start(["start"], { environment })
    await running.shows(/^Ready\./m)
    await home.run(["stop", "--agents"])
    expect((await running.ended).code).toBe(0)
  })
})
