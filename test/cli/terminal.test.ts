/** The commands that speak with a person, on a real pseudo-terminal. */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { prepareWorld, startWorld, type World } from "../world.ts"
import { Terminal, type TerminalRequest } from "./terminal.ts"

const program = path.resolve(import.meta.dirname, "../../bin/remoteagent.js")
const key = { down: "\u001b[B", up: "\u001b[A", left: "\u001b[D", escape: "\u001b", backspace: "\u007f" }
const ctrl = { c: "\u0003", d: "\u0004" }
const enter = "\r"
const left = { code: 0, isRestored: true }

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const colour = /\u001b\[[\d;]*m/

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

interface Opening extends Partial<Pick<TerminalRequest, "columns" | "rows" | "command">> {
  readonly environment?: Readonly<Record<string, string>>
}

function open(words: readonly string[], { environment, ...request }: Opening = {}): Terminal {
  return new Terminal({
    command: process.execPath,
    words: [program, ...words],
    cwd: world.home,
    environment: { ...world.environment, ...environment },
    ...request,
  })
}

/** A new session, at its prompt. */
async function chat(opening: Opening = {}): Promise<Terminal> {
  const terminal = open(["chat", "--provider", "acp:echo"], opening)
  await terminal.sees(/\n›$/)
  return terminal
}

function sessionOf(terminal: Terminal): string {
  const [id] = /S\d{3}/.exec(terminal.screen) ?? []
  if (id === undefined) throw new Error(`no session on the screen:\n${terminal.screen}`)
  return id
}

/** From another place, to its end. */
async function send(session: string, text: string): Promise<void> {
  await promisify(execFile)(process.execPath, [program, "send", session, text, "--wait"], {
    env: world.environment,
  })
}

describe.concurrent("chat", () => {
  it("shows a prompt, streams the answer to what is typed, and leaves at Ctrl-D", async () => {
    await using terminal = await chat()
    terminal.types(`[[hold streamed]] hello${enter}`)
    await terminal.sees(/\nholding streamed$/)
    world.releases("streamed")
    await terminal.sees(/\nholding streamed echo: hello\n›$/)
    terminal.types(ctrl.d)
    expect(await terminal.ended).toEqual(left)
    expect(terminal.screen).toMatch(/Come back with: remoteagent chat S\d{3}$/)
  })

  it("asks for an approval and takes the answer by key", async () => {
    await using terminal = await chat()
    terminal.types(`[[perm echo first]] one${enter}`)
    await terminal.sees(/The agent asks: echo first[\s\S]*Allow once[\s\S]*● Deny, and go on/)
    terminal.types(enter)
    await terminal.sees(/echo: one \(denied\)\n›$/)
    terminal.types(`[[perm echo second]] two${enter}`)
    await terminal.sees(/The agent asks: echo second[\s\S]*● Deny, and go on/)
    terminal.types(key.up)
    await terminal.sees(/● Allow once/)
    terminal.types(enter)
    await terminal.sees(/echo: two \(allowed\)\n›$/)
    terminal.types(`/quit${enter}`)
    expect(await terminal.ended).toEqual(left)
  })

  it.each([
    ["Ctrl-C", ctrl.c],
    ["/stop", `/stop${enter}`],
  ])("stops the turn with %s and goes on", async (_name, keys) => {
    await using terminal = await chat()
    terminal.types(`[[silent]]${enter}`)
    await terminal.sees(/\nsilent from now on/)
    terminal.types(keys)
    await terminal.sees(/Stopping the turn[^\n]*\nStopped\.\n›$/)
    expect(terminal.screen).not.toContain("^C")
    terminal.types(`again${enter}`)
    await terminal.sees(/\necho: again\n›$/)
    terminal.types(ctrl.d)
    expect(await terminal.ended).toEqual(left)
  })

  it("leaves at the second Ctrl-C", async () => {
    await using terminal = await chat()
    terminal.types(ctrl.c)
    await terminal.sees(/Ctrl-C again leaves\.\n›$/)
    terminal.types(ctrl.c)
    expect(await terminal.ended).toEqual(left)
  })

  it("leaves at Ctrl-D in the middle of a turn, which goes on and is shown to whoever comes back", async () => {
    await using terminal = await chat()
    terminal.types(`[[hold alone]] patience${enter}`)
    await terminal.sees(/\nholding alone$/)
    terminal.types(ctrl.d)
    expect(await terminal.ended).toEqual(left)
    await using back = open(["chat", sessionOf(terminal)])
    await back.sees(/› \[\[hold alone]] patience\nholding alone$/)
    world.releases("alone")
    await back.sees(/holding alone echo: patience\n›$/)
  })

  it("keeps what is typed while the agent works apart from the agent's words, and queues it", async () => {
    await using terminal = await chat()
    terminal.types(`[[hold typing]] one${enter}`)
    await terminal.sees(/\nholding typing$/)
    terminal.types("nonsense")
    await terminal.sees(/\nholding typing\s*\n› nonsense$/)
    terminal.types(key.backspace.repeat(8))
    await terminal.sees(/\nholding typing\s*$/)
    terminal.types(`two${enter}`)
    await terminal.sees(/\n› two\nQueued, 1 before it\.$/)
    world.releases("typing")
    await terminal.sees(/echo: one\necho: two\n›$/)
  })

  it("asks for an approval in the middle of a line, which comes back after it", async () => {
    await using terminal = await chat()
    terminal.types(`[[hold asking]] [[perm echo asked]] one${enter}`)
    await terminal.sees(/\nholding asking$/)
    terminal.types("two")
    await terminal.sees(/\n› two$/)
    world.releases("asking")
    await terminal.sees(/● Deny, and go on/)
    terminal.types(enter)
    await terminal.sees(/echo: one \(denied\)\n› two$/)
    terminal.types(`!${enter}`)
    await terminal.sees(/\necho: two!\n›$/)
  })

  it("edits wide characters where they stand", async () => {
    await using terminal = await chat()
    terminal.types("안녕하세요")
    await terminal.sees(/\n› 안녕하세요$/, { cursorColumn: 2 + 10 })
    terminal.types(key.backspace.repeat(2))
    await terminal.sees(/\n› 안녕하$/, { cursorColumn: 2 + 6 })
    terminal.types(`${key.left}${key.backspace}들`)
    await terminal.sees(/\n› 안들하$/, { cursorColumn: 2 + 4 })
    terminal.types(enter)
    await terminal.sees(/\necho: 안들하\n›$/)
  })

  it("brings a line of several rows back whole and once when something happens elsewhere", async () => {
    await using terminal = await chat({ columns: 40 })
    const typed = "긴 문장을 쓰는 동안 다른 곳에서 무슨 일이 생겨도 이 문장은 그대로 남아 있어야 합니다"
    terminal.types(typed)
    await terminal.sees(new RegExp(`${typed}$`))
    await send(sessionOf(terminal), "from Telegram")
    await terminal.sees(new RegExp(`echo: from Telegram\n› ${typed}$`))
    expect(terminal.screen.split("긴 문장을")).toHaveLength(2)
    terminal.types(enter)
    await terminal.sees(new RegExp(`echo: ${typed}\n›$`))
  })

  it("takes a terminal that changes its size", async () => {
    await using terminal = await chat()
    terminal.types("a line that does not fit into a narrow window")
    await terminal.sees(/narrow window$/)
    // What is redrawn is in one piece again.
    terminal.resizes(24, 12)
    await terminal.sees(/› a line that does not fit into a narrow window$/)
    terminal.resizes(80, 24)
    await terminal.sees(/› a line that does not fit into a narrow window$/)
    terminal.types(` [[hold resized]]${enter}`)
    await terminal.sees(/\nholding resized$/)
    terminal.resizes(30, 10)
    terminal.resizes(100, 30)
    world.releases("resized")
    await terminal.sees(/\nholding resized echo: a line[\s\S]*\n›$/)
    terminal.types(ctrl.d)
    expect(await terminal.ended).toEqual(left)
  })

  it("does not let an agent drive the terminal", async () => {
    await using terminal = await chat()
    const title = "\u001b]0;owned\u0007"
    const attack = `${title}\u001b[6n\u001b[c\u001b]52;c;b3duZWQ=\u0007\u001b[2J\u001b[?25l\u001b[?1049h\u009b6nvisible`
    await send(sessionOf(terminal), `said ${attack}`)
    await terminal.sees(/echo: said [\s\S]*visible\n›$/)
    terminal.types(String.raw`[[tool printf '\033[2J\033[6n\033P$q"p\033\134run\a\n']] ran${enter}`)
    await terminal.sees(/run[\s\S]*\necho: ran\n›$/)
    const asked = send(sessionOf(terminal), "[[perm echo \u001b[2J\u001b[6n\u0007ask]] asked")
    await terminal.sees(/The agent asks: [^\n]*ask[\s\S]*● Deny, and go on/)
    terminal.types(enter)
    await asked
    await terminal.sees(/echo: asked \(denied\)\n›$/)
    expect(terminal.deeds).toEqual([])
    expect(terminal.screen).toMatch(/Ctrl-C stops the turn/)
  })
})

describe.concurrent("setup", () => {
  const kept = "# the owner's own line\n"
  /** The owner's environment, with nothing of Telegram set. */
  const unset = { TELEGRAM_BOT_TOKENS: "", TELEGRAM_OWNER_ID: "" }

  /** A set-up that was begun, with the bot it is to find. */
  class Begun implements AsyncDisposable {
    readonly bot = world.telegram.addBot({})
    readonly terminal: Terminal
    readonly settings: string

    constructor() {
      const dataDir = mkdtempSync(path.join(world.directory, "setup-"))
      this.settings = path.join(dataDir, ".env")
      writeFileSync(this.settings, kept, { mode: 0o600 })
      this.terminal = open(["setup"], { environment: { ...unset, DATA_DIR: dataDir } })
    }

    /** To the question for the token. */
    async choosesToAdd(): Promise<void> {
      await this.terminal.sees(/● Add a bot/)
      this.terminal.types(enter)
      await this.terminal.sees(/Token of your bot/)
    }

    /** To the question whether that is the owner. */
    async findsAda(): Promise<void> {
      await this.choosesToAdd()
      this.terminal.types(`${this.bot.token}${enter}`)
      const [code] = await this.terminal.sees(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
      await world.telegram.user({ id: 4711, first_name: "Ada" }).chatWith(this.bot).says(`/start ${code}`)
      await this.terminal.sees(/came from Ada \(user id 4711\)[\s\S]*Is that you/)
    }

    async endsUnchanged(): Promise<void> {
      expect(await this.terminal.ended).toEqual({ code: 1, isRestored: true })
      expect(this.terminal.screen).toMatch(/Nothing was changed\.$/)
      expect(readFileSync(this.settings, "utf8")).toBe(kept)
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.terminal[Symbol.asyncDispose]()
    }
  }

  it("leads by arrow keys and a token from nothing to a saved set-up", async () => {
    await using begun = new Begun()
    const { terminal, bot, settings } = begun
    await terminal.sees(/● Add a bot/)
    terminal.types(key.down)
    await terminal.sees(/● No Telegram/)
    terminal.types(key.up)
    await begun.findsAda()
    terminal.types(enter)
    expect(await terminal.ended).toEqual(left)
    expect(terminal.screen).toContain(`This is @${bot.me.username}`)
    expect(terminal.screen).toMatch(/Saved in[\s\S]*Start it with: remoteagent start$/)
    expect(terminal.written).not.toContain(bot.token)
    const saved = readFileSync(settings, "utf8")
    expect(saved).toContain(kept)
    expect(saved).toContain(`TELEGRAM_BOT_TOKEN=${bot.token}`)
    expect(saved).toContain("TELEGRAM_OWNER_ID=4711")
    expect(statSync(settings).mode & 0o777).toBe(0o600)
  })

  const moments: readonly (readonly [string, (begun: Begun) => Promise<unknown>])[] = [
    ["the first question", ({ terminal }) => terminal.sees(/● Add a bot/)],
    ["the token", (begun) => begun.choosesToAdd()],
    ["the question who the owner is", (begun) => begun.findsAda()],
  ]
  it.each(
    moments.flatMap(([moment, reach]) => [
      ["Esc", moment, key.escape, reach] as const,
      ["Ctrl-C", moment, ctrl.c, reach] as const,
    ]),
  )("changes nothing after %s at %s", async (_name, _moment, keys, reach) => {
    await using begun = new Begun()
    await reach(begun)
    begun.terminal.types(keys)
    await begun.endsUnchanged()
  })

  it("changes nothing after Ctrl-C while Telegram is asked about the token", async () => {
    await using begun = new Begun()
    const { terminal, bot } = begun
    const silence = world.telegram.fault({ kind: "delay", method: "getMe", bot: bot.me })
    await begun.choosesToAdd()
    terminal.types(`${bot.token}${enter}`)
    await silence.hit()
    terminal.types(ctrl.c)
    await begun.endsUnchanged()
    silence.cancel()
  })

  it("changes nothing after Ctrl-C while it waits for the owner's message", async () => {
    await using begun = new Begun()
    const { terminal, bot } = begun
    await begun.choosesToAdd()
    terminal.types(`${bot.token}${enter}`)
    await terminal.sees(/Ctrl-C gives up/)
    terminal.types(ctrl.c)
    await begun.endsUnchanged()
  })
})

describe.concurrent("start", () => {
  async function endsAtCtrlC(terminal: Terminal): Promise<void> {
    const before = performance.now()
    terminal.types(ctrl.c)
    expect(await terminal.ended).toEqual(left)
    expect(performance.now() - before).toBeLessThan(5000)
    expect(terminal.screen).toMatch(/Stopped\.$/)
  }

  it("ends at Ctrl-C, while the agent works on and is found again", async () => {
    await using own = await prepareWorld()
    const { environment } = own
    await using runtime = open(["start"], { environment })
    await runtime.sees(/\nReady\./)
    await using talking = await chat({ environment })
    talking.types(`[[hold on]] hi${enter}`)
    await talking.sees(/\nholding on$/)
    await endsAtCtrlC(runtime)
    await talking.sees(/waiting for it to come back/)
    await own.starts()
    await talking.sees(/It is back\./)
    own.releases("on")
    await talking.sees(/echo: hi\n›$/)
  })

  const old = olderNode()
  it.skipIf(old === null)("ends at Ctrl-C where an older Node hands over to ours", async () => {
    await using own = await prepareWorld()
    await using runtime = open(["start"], { command: old ?? "", environment: own.environment })
    await runtime.sees(/\nReady\./)
    await endsAtCtrlC(runtime)
  })
})

describe.concurrent("colours", () => {
  const script = `[[think]] [[perm echo hi]] coloured${enter}`

  async function chatThrough(environment: Readonly<Record<string, string>>): Promise<Terminal> {
    const terminal = await chat({ environment })
    terminal.types(script)
    await terminal.sees(/● Deny, and go on/)
    terminal.types(key.up)
    await terminal.sees(/● Allow once/)
    terminal.types(enter)
    // What the command printed may be told before the answer or after it.
    await terminal.sees(/\(allowed\)[\s\S]*\n›$/)
    terminal.types(ctrl.d)
    await terminal.ended
    return terminal
  }

  it("are there in a terminal", async () => {
    expect((await chatThrough({})).written).toMatch(colour)
  })

  it("are left out with NO_COLOR", async () => {
    expect((await chatThrough({ NO_COLOR: "1" })).written).not.toMatch(colour)
  })

  it("are left out where the output is no terminal", async () => {
    const words = ["-c", `printf '[[think]] [[error]] hi\\n' | "$@" | cat`, "sh", process.execPath, program]
    await using terminal = new Terminal({
      command: "/bin/sh",
      words: [...words, "chat", "--provider", "acp:echo"],
      cwd: world.home,
      environment: world.environment,
    })
    await terminal.ended
    expect(terminal.screen).toMatch(/thinking[\s\S]*Failed[\s\S]*Come back with/)
    expect(terminal.written).not.toMatch(colour)
  })
})

/** A Node on the PATH that is too old to run RemoteAgent itself, and new enough to find one that does. */
function olderNode(): string | null {
  for (const directory of (process.env.PATH ?? "").split(path.delimiter)) {
    const node = path.join(directory, "node")
    if (!existsSync(node)) continue
    const major = Number(/^v(\d+)/.exec(execFileSync(node, ["--version"], { encoding: "utf8" }))?.[1])
    if (major >= 14 && major < 24) return node
  }
  return null
}
