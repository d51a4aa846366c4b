import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { LogFollower, linesOf, logFiles } from "./log-files.ts"

let directory: string
const leaving = { controller: new AbortController() }
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "ra-logs-"))
  leaving.controller = new AbortController()
})
afterEach(() => {
  leaving.controller.abort()
  rmSync(directory, { recursive: true })
})

const file = (name: string) => path.join(directory, name)

/** The lines a follower hands on, and a way to wait for one. */
function follow(follower: LogFollower) {
  const lines: string[] = []
  const watchers = new Set<() => void>()
  const following = follower.follow((line) => {
    lines.push(line)
    for (const watcher of watchers) watcher()
  }, leaving.controller.signal)
  const sees = async (wanted: string) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => lines.includes(wanted) && resolve()
    watchers.add(look)
    look()
    await Promise.race([promise, following])
  }
  return { lines, sees }
}

describe("following logs", () => {
  it("finds log files and their predecessors, and nothing else", () => {
    for (const name of ["runtime.log", "host.log.1", "notes.txt", "x.log.bak"]) writeFileSync(file(name), "")
    expect(logFiles(directory)).toEqual([file("host.log.1"), file("runtime.log")])
    expect(logFiles(file("missing"))).toEqual([])
  })

  it("shows the last lines, then what is written, in files that come later too", async () => {
    writeFileSync(file("runtime.log"), "1\n2\n3\n")
    const follower = new LogFollower(directory)
    expect(await follower.tail(2)).toEqual(["2", "3"])
    const { lines, sees } = follow(follower)
    appendFileSync(file("runtime.log"), "4\n")
    await sees("4")
    writeFileSync(file("host.log"), "h1\n")
    await sees("h1")
    expect(lines).toEqual(["4", "h1"])
  })

  it("waits for the end of a line and of a character", async () => {
    writeFileSync(file("runtime.log"), "")
    const follower = new LogFollower(directory)
    await follower.tail(0)
    const { lines, sees } = follow(follower)
    const bytes = Buffer.from("안녕\n")
    appendFileSync(file("runtime.log"), bytes.subarray(0, 4))
    appendFileSync(file("runtime.log"), bytes.subarray(4))
    await sees("안녕")
    expect(lines).toEqual(["안녕"])
  })

  it("goes on over a file that grew too big and was set aside, telling no line twice", async () => {
    writeFileSync(file("host.log"), "1\n")
    const follower = new LogFollower(directory)
    await follower.tail(10)
    const { lines, sees } = follow(follower)
    appendFileSync(file("host.log"), "2\n")
    renameSync(file("host.log"), file("host.log.1"))
    writeFileSync(file("host.log"), "3\n")
    await sees("3")
    await sees("2")
    expect(lines.sort()).toEqual(["2", "3"])
  })
})

it("reads a line whole, whatever characters an agent wrote into it", async () => {
  const line = JSON.stringify({ msg: "one\u2028two\u2029three" })
  writeFileSync(file("host.log"), `${line}\nlast`)
  const lines: string[] = []
  for await (const read of linesOf(file("host.log"))) lines.push(read)
  expect(lines).toEqual([line, "last"])
})
