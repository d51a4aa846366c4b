/** A bot's token is the owner's alone: whoever has it can read what he writes and speak to him as we do. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { prepareWorld, type World } from "../world.ts"
import { type Brain, startClaudeBrain, startCodexBrain } from "./brain.ts"
import { binaries, codexConfig, decides } from "./stage.ts"

const isPossible = binaries.codex !== null && binaries.claude !== null && process.platform === "linux"

describe.skipIf(!isPossible)("bot tokens", () => {
  it.each(["the environment", "DATA_DIR/.env"])("given in %s reach nobody else", async (source) => {
    const codex = await startCodexBrain()
    const claude = await startClaudeBrain()
    await using world = await prepareBoth({ codex, claude })
    const tokens = world.bots.map((bot) => bot.token)
    if (source === "DATA_DIR/.env") moveTokens(world, tokens)
    await world.starts()
    const chats = [world.owner(0), world.owner(1)] as const

    await Promise.all([runsCommand(world, 0, codex), runsCommand(world, 1, claude)])
    const processes = listProcesses()
    const ours = descendants(processes, [world.runtimePid, world.hostPid])
    for (const program of ["bin/remoteagent.js", "host/main.", "codex app-server", "claude", "sleep 6271"]) {
      expect(ours.map(({ commandLine }) => commandLine).join("\n")).toContain(program)
    }
    const holders = processes.filter(({ environment }) => holdsAny(environment, tokens))
    expect(holders.map(({ pid }) => pid)).toEqual(source === "the environment" ? [world.runtimePid] : [])
    expect(processes.filter(({ commandLine }) => holdsAny(commandLine, tokens))).toEqual([])
    for (const name of ["codex", "claude"]) {
      const seen = readFileSync(join(world.directory, `${name}.env`), "utf8")
      expect(seen).toMatch(/^PATH=/m)
      expect(seen).not.toMatch(/TELEGRAM|BOT_TOKEN|DATA_DIR|SCRIPTED_API_KEY/)
    }

    // Errors about a call are where a token in its address would show.
    world.bots[2]?.revoke()
    await world.telegram.goDown()
    await world.telegram.comeBack()
    for (const chat of chats) await chat.says("/stop")
    for (const chat of chats) await chat.sees(/^Stopped\./)
    await world.stops()
    const files = filesBelow(world.directory)
    expect(files).toContain(join(world.dataDir, "logs", "runtime.log"))
    const ownFile = source === "the environment" ? [] : [join(world.dataDir, ".env")]
    expect(files.filter((file) => holdsAny(readFileSync(file, "latin1"), tokens))).toEqual(ownFile)
    expect(holdsAny(world.output, tokens)).toBe(false)
    await Promise.all([codex.close(), claude.close()])
  })
})

async function prepareBoth(brains: { readonly codex: Brain; readonly claude: Brain }): Promise<World> {
  const { codex, claude } = brains
  const world = await prepareWorld({
    agent: "codex",
    bots: 3,
    environment: { CODEX_BIN: binaries.codex ?? "", CLAUDE_BIN: binaries.claude ?? "" },
    config: { providers: { codex: { env: codex.env }, claude: { env: claude.env } } },
    home: { ".codex/config.toml": codexConfig(codex.baseUrl) },
  })
  for (const [index] of world.bots.entries()) world.owner(index)
  return world
}

/** As `remoteagent setup` leaves them. */
function moveTokens(world: World, tokens: readonly string[]): void {
  world.setEnvironment({ TELEGRAM_BOT_TOKENS: "" })
  writeFileSync(join(world.dataDir, ".env"), `TELEGRAM_BOT_TOKENS=${tokens.join(",")}\n`, { mode: 0o600 })
}

/** A command of the agent that stays, and first tells what it sees. */
async function runsCommand(world: World, bot: number, brain: Brain): Promise<void> {
  const owner = world.owner(bot)
  const name = bot === 0 ? "codex" : "claude"
  const seen = join(world.directory, `${name}.env`)
  brain.run(`env > ${seen}.part; mv ${seen}.part ${seen}; sleep 6271`)
  await owner.says(`/start ${name}`)
  await owner.says("stay a while")
  await decides(owner, "Allow once")
  const isThere = () => (statSync(seen, { throwIfNoEntry: false }) ? true : undefined)
  await owner.until(isThere, `the command of ${name} to run`)
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly commandLine: string
  readonly environment: string
}

function listProcesses(): readonly Process[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readProcess(Number(name)) : []))
}

function readProcess(pid: number): readonly Process[] {
  try {
    const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, "utf8").replaceAll("\0", " ")
    const parent = Number(/^PPid:\s*(\d+)/m.exec(read("status"))?.[1])
    return [{ pid, parent, commandLine: read("cmdline"), environment: read("environ") }]
  } catch (error) {
    // It has ended meanwhile, or is another user's.
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return []
    throw error
  }
}

function descendants(processes: readonly Process[], roots: readonly (number | null)[]): readonly Process[] {
  const found = new Set(processes.filter(({ pid }) => roots.includes(pid)))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    const pids = new Set([...found].map(({ pid }) => pid))
    for (const one of processes) if (pids.has(one.parent)) found.add(one)
  }
  return [...found]
}

/** Its secret part alone is enough to be one too many. */
function holdsAny(text: string, tokens: readonly string[]): boolean {
  return tokens.some((token) => text.includes(token.split(":")[1] ?? token))
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
