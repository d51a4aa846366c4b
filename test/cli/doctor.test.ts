import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Finding } from "../../src/ops/finding.ts"
import { startTelegram } from "../fakes/telegram/server.ts"
import { type CliRequest, OwnerHome } from "./run-cli.ts"

let home: OwnerHome
beforeEach(() => {
  home = new OwnerHome()
})
afterEach(() => home[Symbol.asyncDispose]())

async function doctor(environment: CliRequest["environment"] = {}) {
  const { code, stdout, stderr } = await home.run(["doctor", "--json"], { environment })
  expect(stderr).toBe("")
  const report: { ok: boolean; findings: Finding[] } = JSON.parse(stdout)
  expect(report.ok).toBe(code === 0)
  const find = (id: string) => report.findings.find((finding) => finding.id === id)
  return { code, find, text: stdout, findings: report.findings }
}

const token = (id: number) => `${id}:AAF-${"s".repeat(31)}`

describe("doctor", () => {
  it("finds nothing broken before any set-up, and says what to do next", async () => {
    const { code, find } = await doctor()
    expect(code).toBe(0)
    expect(find("node")).toMatchObject({ state: "ok", remedy: null })
    expect(find("data_dir")).toMatchObject({ state: "warn" })
    expect(find("runtime")).toMatchObject({ state: "ok" })
    expect(find("ledger")).toMatchObject({ state: "ok" })
    expect(find("bots")).toMatchObject({ state: "warn", remedy: "Run: remoteagent setup" })
    expect(find("disk")?.what).toMatch(/\d (GiB|TiB|MiB)/)
  })

  it("asks Telegram about every bot and never shows a token", async () => {
    await using telegram = await startTelegram()
    const good = telegram.addBot({ username: "good_bot" })
    const { code, find, text } = await doctor({
      TELEGRAM_API_ROOT: telegram.apiRoot,
      TELEGRAM_BOT_TOKENS: `${good.token},${token(999)},nonsense-token`,
      TELEGRAM_OWNER_ID: "42",
    })
    expect(code).toBe(1)
    expect(find(`bot:${good.me.id}`)).toMatchObject({ state: "ok", what: "Bot @good_bot answers." })
    expect(find("bot:999")).toMatchObject({ state: "fail", remedy: expect.stringContaining("@BotFather") })
    expect(find("config:TELEGRAM_BOT_TOKENS")).toMatchObject({ state: "fail" })
    for (const secret of [good.token.split(":")[1], "sssss", "nonsense"]) expect(text).not.toContain(secret)
  })

  it("says so when Telegram cannot be reached", async () => {
    const { code, find } = await doctor({
      TELEGRAM_API_ROOT: "http://127.0.0.1:9",
      TELEGRAM_BOT_TOKEN: token(5),
      TELEGRAM_OWNER_ID: "42",
    })
    expect(code).toBe(1)
    expect(find("bot:5")?.what).toContain("ECONNREFUSED")
  })

  it("tells which settings are wrong, and where they came from", async () => {
    mkdirSync(home.dataDir, { mode: 0o700 })
    writeFileSync(path.join(home.dataDir, ".env"), "LOCAL_UI_PROT=1\nTELEGRAM_OWNER_ID=me\n", { mode: 0o600 })
    writeFileSync(path.join(home.dataDir, "config.json"), "{ nope", { mode: 0o600 })
    const { find } = await doctor()
    expect(find("config:TELEGRAM_OWNER_ID")).toMatchObject({ state: "fail" })
    expect(find("config:LOCAL_UI_PROT")?.remedy).toBe(`Rename it to LOCAL_UI_PORT in ${home.dataDir}/.env.`)
    expect(find(`config:${home.dataDir}/config.json`)?.what).toContain("line 1, column 3")
  })

  it("warns of files that others can read, with the command that closes them", async () => {
    mkdirSync(home.dataDir)
    chmodSync(home.dataDir, 0o755)
    writeFileSync(path.join(home.dataDir, ".env"), "")
    chmodSync(path.join(home.dataDir, ".env"), 0o644)
    const { find } = await doctor()
    expect(find("data_dir")?.remedy).toBe(`Run: chmod 700 ${home.dataDir}`)
    expect(find(`config:${home.dataDir}/.env`)?.remedy).toBe(`Run: chmod 600 ${home.dataDir}/.env`)
  })

  it("finds a file where the data directory should be", async () => {
    writeFileSync(home.dataDir, "not a directory")
    const { code, find } = await doctor()
    expect(code).toBe(1)
    expect(find("data_dir")?.state).toBe("fail")
    expect(find("config:DATA_DIR")?.state).toBe("fail")
  })

  it("finds a directory that cannot be made", async () => {
    writeFileSync(path.join(home.path, "file"), "")
    const { code, find } = await doctor({ DATA_DIR: path.join(home.path, "file", "below") })
    expect(code).toBe(1)
    expect(find("data_dir")?.state).toBe("fail")
  })

  it("finds a damaged ledger, and leaves it as it is", async () => {
    mkdirSync(home.dataDir, { mode: 0o700 })
    const file = path.join(home.dataDir, "ledger.db")
    const content = "this is no database ".repeat(500)
    writeFileSync(file, content)
    const { find } = await doctor()
    expect(find("ledger")).toMatchObject({ state: "fail", remedy: expect.stringContaining("backups") })
    expect(readFileSync(file, "utf8")).toBe(content)
  })

  it("finds a damaged journal of the host, and tells of one that was set aside", async () => {
    mkdirSync(home.dataDir, { mode: 0o700 })
    const file = path.join(home.dataDir, "host-journal.sqlite")
    writeFileSync(file, "x".repeat(40_000))
    expect((await doctor()).find("journal")).toMatchObject({ state: "fail" })
    writeFileSync(file, "")
    writeFileSync(`${file}.damaged-12345678`, "x")
    expect((await doctor()).find("journal")).toMatchObject({ state: "warn" })
  })

  it("finds a sound ledger sound", async () => {
    mkdirSync(home.dataDir, { mode: 0o700 })
    const database = new DatabaseSync(path.join(home.dataDir, "ledger.db"))
    database.exec("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x')")
    database.close()
    expect((await doctor()).find("ledger")?.what).toBe("The ledger is sound.")
  })

  it("prints marks and remedies for people", async () => {
    const { stdout } = await home.run(["doctor", "--offline"], { environment: { LOCAL_UI_HOST: "0.0.0.0" } })
    expect(stdout).toMatch(/^✓ Node /m)
    expect(stdout).toMatch(/^✗ LOCAL_UI_HOST is "0.0.0.0".*\n {2}→ Set LOCAL_UI_HOST=127.0.0.1/m)
    expect(stdout).toMatch(/^Broken: 1\.$/m)
  })
})
