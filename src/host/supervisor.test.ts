import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ProviderError } from "../core/provider-error.ts"
import { processStart } from "../platform/process-table.ts"
import type { ChildSpec, Log, Supervisor } from "../providers/provider.ts"
import { Children } from "./children.ts"
import { Journal } from "./journal/journal.ts"
import { openJournalDatabase } from "./journal/schema.ts"
import { noShield } from "./shield.ts"
import { createSupervisor } from "./supervisor.ts"
import { ReadingValve } from "./valve.ts"

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "" }

let directory = ""
let journal: Journal
let children: Children
let supervisor: Supervisor
let valve: ReadingValve
beforeEach(() => {
  directory = mkdtempSync(join(homedir(), ".supervisor-"))
  journal = new Journal(openJournalDatabase(join(directory, "journal.sqlite"), () => "id"))
  children = new Children(journal, log)
  const environment = { PATH: process.env.PATH, HOME: directory }
  valve = new ReadingValve()
  supervisor = createSupervisor({
    children,
    environment,
    stateDir: directory,
    programDirs: [],
    shield: noShield,
    valve,
    log,
  })
})
afterEach(async () => {
  await children.endAll(200)
  journal.close()
  rmSync(directory, { recursive: true, force: true })
})

const node = (code: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  ...{
    command: process.execPath,
    args: ["-e", code],
    cwd: directory,
    env: {},
    inherit: [],
    label: "node",
    ...more,
  },
})
const echo = "process.stdin.pipe(process.stdout)"

describe("a child", () => {
  it("is recorded before it is told anything, and forgotten when it is gone", async () => {
    const child = await supervisor.spawn(node(echo))
    expect(journal.children()).toMatchObject([{ pid: child.pid, label: "node", survivesHost: false }])
    await child.kill()
    await child.exited
    expect(journal.children()).toEqual([])
    expect(await processStart(child.pid)).toBeNull()
  })

  it("hears lines and is heard in lines, whatever is in them", async () => {
    const child = await supervisor.spawn(node(echo))
    const lines: string[] = []
    const all = new Promise<void>((resolve) => child.onLine((line) => lines.push(line) === 3 && resolve()))
    const big = "€😀".repeat(200_000)
    for (const line of ["a", big, "ü"]) await child.writeLine(line)
    await all
    expect(lines).toEqual(["a", big, "ü"])
    child.endInput()
    expect(await child.exited).toEqual({ code: 0, signal: null })
  })

  it("that closed its input refuses a line instead of ending the host", async () => {
    const args = ["-c", "exec 0<&-; echo closed; exec sleep 100"]
    const child = await supervisor.spawn(node("", { command: "sh", args }))
    await new Promise<void>((resolve) => child.onLine(() => resolve()))
    const big = "x".repeat(1 << 20)
    await expect(child.writeLine(big).then(() => child.writeLine(big))).rejects.toThrow()
    await child.kill(0)
    await expect(child.writeLine("again")).rejects.toThrow()
  })

  it("that writes a line without end is ended", async () => {
    const child = await supervisor.spawn(node("for (;;) require('fs').writeSync(1, 'x'.repeat(1 << 16))"))
    const lines: string[] = []
    child.onLine((line) => lines.push(line))
    const { code, signal } = await child.exited
    expect(code !== 0 || signal !== null).toBe(true)
    expect(lines).toEqual([])
  })

  it("waits in its next write while the valve is closed, and is heard whole when it opens", async () => {
    const marker = join(directory, "full")
    const child = await supervisor.spawn(
      node(`const say = (n) => {
        for (; n < 2000; n++) {
          if (process.stdout.write(n + " " + "x".repeat(1000) + "\\n")) continue
          require("fs").writeFileSync(${JSON.stringify(marker)}, "")
          return process.stdout.once("drain", () => say(n + 1))
        }
      }
      say(0)`),
    )
    valve.close()
    const lines: number[] = []
    child.onLine((line) => lines.push(Number(line.split(" ")[0])))
    await expect.poll(() => existsSync(marker), { timeout: 5_000 }).toBe(true)
    expect(lines).toEqual([])
    valve.open()
    await child.exited
    expect(lines).toEqual(Array.from({ length: 2000 }, (_, n) => n))
  })

  it("is heard to its last word when it dies while the valve is closed", async () => {
    const child = await supervisor.spawn(node("console.log('last words'); process.exitCode = 1"))
    valve.close()
    const lines: string[] = []
    child.onLine((line) => lines.push(line))
    await child.exited
    expect(lines).toEqual(["last words"])
  })

  it("leaves the last 16 KiB of its stderr, and no line of its output unheard", async () => {
    const child = await supervisor.spawn(
      node("console.error('x'.repeat(1e5) + 'end'); console.log('last'); process.exit(3)"),
    )
    const lines: string[] = []
    child.onLine((line) => lines.push(line))
    expect((await child.exited).code).toBe(3)
    expect(child.stderrTail()).toHaveLength(16 * 1024)
    expect(child.stderrTail().trimEnd().endsWith("end")).toBe(true)
    expect(lines).toEqual(["last"])
  })

  it("that is to survive the host has no pipe to it that could break", async () => {
    const code = "console.log('out'); console.error('err'); setInterval(() => {}, 1e6)"
    const child = await supervisor.spawn(node(code, { survivesHost: true }))
    await expect.poll(() => child.stderrTail()).toContain("err")
    await children.endOrphans()
    expect(await processStart(child.pid)).not.toBeNull()
    expect(journal.children()).toMatchObject([{ survivesHost: true }])
    await child.kill(0)
  })

  it.each([
    ["a missing program", { command: "/nowhere/agent" }, "program_not_found"],
    ["a missing directory", { cwd: "/nowhere" }, "workspace_gone"],
  ])("cannot be started with %s, and the reason is told", async (_what, more, code) => {
    const error = await supervisor.spawn(node(echo, more)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ProviderError)
    expect(error).toMatchObject({ failure: { class: "crashed", reason: { code } } })
    expect(journal.children()).toEqual([])
  })
})

describe("run", () => {
  it("returns output, error and exit code", async () => {
    const result = await supervisor.run({
      ...node("console.log('out'); console.error('err'); process.exit(2)"),
      timeoutMs: 20_000,
    })
    expect(result).toMatchObject({ code: 2, stdout: "out\n", stderr: "err\n", timedOut: false })
  })

  it("ends what takes too long, with what it had started", async () => {
    const code =
      "console.log(require('child_process').spawn('sleep', ['100']).pid); setInterval(() => {}, 1e6)"
    const result = await supervisor.run({ ...node(code), timeoutMs: 1_500 })
    expect(result.timedOut).toBe(true)
    expect(await processStart(Number(result.stdout))).toBeNull()
  })

  it("drops output beyond the bound", async () => {
    const code = "for (let n = 0; n < 1000; n++) console.log('0123456789')"
    const { stdout } = await supervisor.run({ ...node(code), timeoutMs: 20_000, maxOutput: 110 })
    expect(stdout).toBe("0123456789\n".repeat(10))
  })
})
