import { execFile } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { listProcesses, processStart } from "../../src/platform/process-table.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Step } from "../fakes/script.ts"
import { type Reader, until, World } from "./world.ts"

const reply: readonly Step[] = [{ do: "accept" }, { do: "end", text: "done" }]
const scriptedHost = join(import.meta.dirname, "..", "fakes", "scripted-host.ts")

const isGone = async (pid: number) => (await processStart(pid)) === null

async function spawned(reader: Reader, attempt: AttemptId): Promise<number> {
  const { event } = await reader.sees(attempt, "item")
  return event.kind === "item" && event.item.kind === "message" ? Number(event.item.text) : 0
}

describe("the host's children", () => {
  it.each(["group", "session"] as const)(
    "are gone after a stop, with a grandchild in its own %s",
    async (how) => {
      await using world = new World()
      const reader = await world.connects()
      const attempt = await world.starts(reader, [
        { do: "accept" },
        { do: "spawn", how },
        { do: "wait", gate: "no" },
      ])
      const pid = await spawned(reader, attempt)
      const agent = (await listProcesses()).find((row) => row.pid === pid)?.parent ?? 0
      expect(await isGone(agent)).toBe(false)
      await reader.link.command({ kind: "host.stop" })
      await reader.link.closed
      await until(() => isGone(reader.link.pid))
      expect([await isGone(agent), await isGone(pid)]).toEqual([true, true])
    },
  )

  it("end their turns when the host is stopped, and the runtime hears it before the link ends", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [...([{ do: "accept" }, { do: "wait", gate: "no" }] as const)])
    await reader.sees(attempt, "attempt.accepted")
    await reader.link.command({ kind: "host.stop" })
    await reader.link.closed
    expect(reader.events.at(-1)?.event).toMatchObject({ kind: "attempt.ended", outcome: { kind: "stopped" } })
  })

  it("are gone after SIGTERM, within three seconds", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "spawn", how: "group" },
      { do: "wait", gate: "no" },
    ])
    const pid = await spawned(reader, attempt)
    const began = performance.now()
    process.kill(reader.link.pid, "SIGTERM")
    await until(() => isGone(reader.link.pid))
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(await isGone(pid)).toBe(true)
  })

  it("are gone when their session closes, and the stopped turn has its outcome", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(
      reader,
      [{ do: "accept" }, { do: "spawn", how: "group" }, { do: "wait", gate: "no" }],
      { settings: { model: "mute" } },
    )
    const pid = await spawned(reader, attempt)
    await reader.link.command({ kind: "session.close", session: world.session })
    expect(await isGone(pid)).toBe(true)
    expect((await reader.sees(attempt, "attempt.ended")).event).toMatchObject({
      outcome: { kind: "stopped" },
    })
  })

  it("see nothing of ours in their environment, and have a temporary directory of their own", async () => {
    await using world = new World({
      config: { host: { inherit: ["XDG_RUNTIME_DIR"] } },
      environment: {
        ...{ TELEGRAM_BOT_TOKENS: "1:secret", TELEGRAM_OWNER_ID: "1", DATA_DIR: "/elsewhere" },
        ...{ SSH_AUTH_SOCK: "/keys", XDG_RUNTIME_DIR: "/run/user/1" },
        ...{
          SOME_API_KEY: "key",
          GITHUB_TOKEN: "token",
          HTTPS_PROXY: "http://127.0.0.1:9",
          LC_ALL: "C.UTF-8",
        },
      },
    })
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "environment" },
      { do: "spawn", how: "group" },
      { do: "wait", gate: "no" },
    ])
    await until(() => reader.events.filter(({ event }) => event.kind === "item").length === 2)
    await reader.sees(attempt, "item")
    const pid = reader.events.flatMap(({ event }) =>
      event.kind === "item" && event.item.id === "spawn" && event.item.kind === "message"
        ? [Number(event.item.text)]
        : [],
    )[0]
    const agent = (await listProcesses()).find((row) => row.pid === pid)?.parent
    const names = (of: number | undefined) =>
      readFileSync(`/proc/${of}/environ`, "utf8")
        .split("\0")
        .filter(Boolean)
        .map((entry) => entry.split("=")[0] ?? "")
    expect(names(agent).toSorted()).toEqual([
      ...["HOME", "HTTPS_PROXY", "LANG", "LC_ALL", "PATH", "TMPDIR", "XDG_RUNTIME_DIR"],
    ])
    expect(names(reader.link.pid).filter((name) => /^TELEGRAM_|^DATA_DIR$/.test(name))).toEqual([])
    const environment = readFileSync(`/proc/${agent}/environ`, "utf8")
    expect(environment).toContain(`TMPDIR=${join(world.dataDir, "providers", "demo", "tmp")}`)
  })
})

describe("the host process", () => {
  it("is alone in its data directory: a second one names the first and leaves", async () => {
    await using world = new World()
    const reader = await world.connects()
    const second = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [scriptedHost, "--data-dir", world.dataDir], (error, _stdout, stderr) =>
        resolve({ code: error?.code, stderr }),
      )
    })
    expect(second.code).toBe(3)
    expect(second.stderr).toContain(String(reader.link.pid))
    const attempt = await world.starts(reader, reply)
    await reader.sees(attempt, "attempt.ended")
  })

  it("is started once by runtimes that come at the same moment", async () => {
    await using world = new World()
    const tries = await Promise.allSettled([world.connects(), world.connects(), world.connects()])
    const refusals = tries.filter((one) => one.status === "rejected").map(({ reason }) => reason.code)
    expect(refusals).toEqual(["taken", "taken"])
  })

  it("keeps its socket and its journal for its owner alone", async () => {
    await using world = new World()
    await world.connects()
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
    expect(mode(socketPath(world.dataDir, "host"))).toBe("600")
    expect(mode(join(world.dataDir, "host-journal.sqlite"))).toBe("600")
  })

  it("works from a data directory too deep for a socket's address", async () => {
    await using world = new World({ nested: "deep/".repeat(30) })
    const reader = await world.connects()
    expect(socketPath(world.dataDir, "host").startsWith(world.dataDir)).toBe(false)
    const attempt = await world.starts(reader, reply)
    await reader.sees(attempt, "attempt.ended")
  })

  it("leaves when nothing has lived in it for a while, also with a runtime connected, and not before everything was acknowledged", async () => {
    await using world = new World({ config: { host: { idleMinutes: 0.005, sessionIdleMinutes: 0.001 } } })
    const first = await world.connects()
    const attempt = await world.starts(first, reply)
    await first.sees(attempt, "attempt.ended")
    first.link.close()
    const second = await world.connects()
    expect(second.link.pid).toBe(first.link.pid)
    await second.sees(attempt, "attempt.ended")
    second.ack()
    await second.link.command({ kind: "provider.list" })
    await second.link.closed
    await until(() => isGone(first.link.pid))
    expect(readFileSync(join(world.dataDir, "logs", "host.log"), "utf8")).toContain("nothing lives here")
  })

  it("closes an agent that has had nothing to do for a while", async () => {
    await using world = new World({ config: { host: { sessionIdleMinutes: 0.001 } } })
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "spawn", how: "group" },
      { do: "end", text: "x" },
    ])
    const pid = await spawned(reader, attempt)
    await until(() => isGone(pid))
    const next = await world.starts(reader, reply)
    await reader.sees(next, "attempt.ended")
  })

  it("once retired, leaves when its last turn has ended and was told, and another takes over", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "wait", gate: "go" },
      { do: "end", text: "x" },
    ])
    await reader.sees(attempt, "attempt.accepted")
    await reader.link.command({ kind: "host.retire" })
    world.opens("go")
    await reader.sees(attempt, "attempt.ended")
    reader.ack()
    await reader.link.closed
    const next = await world.connects()
    expect(next.link.pid).not.toBe(reader.link.pid)
    expect(next.events).toEqual([])
  })
})
