import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { loadConfig } from "./config-files.ts"

let home: string
let dataDir: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "ra-config-"))
  dataDir = path.join(home, ".remoteagent")
  mkdirSync(dataDir, { mode: 0o700 })
})
afterEach(() => rmSync(home, { recursive: true }))

function write(name: string, text: string, mode = 0o600): void {
  writeFileSync(path.join(dataDir, name), text)
  chmodSync(path.join(dataDir, name), mode)
}
const load = (environment: Record<string, string> = {}) =>
  loadConfig({ environment: { HOME: home, ...environment }, cwd: home })

describe("the files of a configuration", () => {
  it("are read from the data directory: quotes, comments, export and a byte order mark included", () => {
    write(".env", '\ufeff# mine\nexport LOCAL_UI_PORT="81"\nDEFAULT_MODE=codex # why\n')
    write("config.json", '\ufeff{"localUi":{"port":82},"artifacts":{"retentionDays":3}}')
    const { config, problems } = load()
    expect(problems).toEqual([])
    expect(config.localUi.port).toBe(81)
    expect(config.sessions.defaultProvider).toBe("codex")
    expect(config.artifacts.retentionDays).toBe(3)
  })

  it("may be missing, together with the directory", () => {
    rmSync(dataDir, { recursive: true })
    expect(load()).toMatchObject({ config: { dataDir }, problems: [] })
  })

  it("are named with the place of a syntax error, and not quoted", () => {
    write("config.json", '{\n  "telegram": { "botTokens": ["12345:SECRET" }\n}')
    const { problems } = load()
    expect(problems).toMatchObject([{ severity: "fatal", kind: "not_json" }])
    expect(problems[0]?.what).toContain("line 2, column 46")
    expect(JSON.stringify(problems)).not.toContain("SECRET")
  })

  it.each([
    ['{"localUi": {', "line 1, column 14"],
    ["{\n", "line 2, column 1"],
    ["", "line 1, column 1"],
  ])("that end too early (%j) are named with their end", (text, place) => {
    write("config.json", text)
    expect(load().problems[0]?.what).toContain(place)
  })

  it("that others can read come with the chmod that closes them", () => {
    write(".env", "", 0o640)
    expect(load().problems).toMatchObject([
      { severity: "warning", kind: "loose_mode", remedy: `Run: chmod 600 ${path.join(dataDir, ".env")}` },
    ])
  })

  it("cannot be directories", () => {
    mkdirSync(path.join(dataDir, ".env"), { mode: 0o700 })
    expect(load().problems).toMatchObject([{ severity: "fatal", kind: "unreadable" }])
  })

  it("are not looked for where the data directory is a file", () => {
    rmSync(dataDir, { recursive: true })
    writeFileSync(dataDir, "")
    expect(load().problems).toMatchObject([{ severity: "fatal", kind: "not_a_directory", key: "DATA_DIR" }])
  })
})
