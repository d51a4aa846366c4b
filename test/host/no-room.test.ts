/** A system that has no room for another process or descriptor. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"

const launch = join(import.meta.dirname, "..", "..", "src", "runtime", "host-link", "launch.ts")

/** Leaves room for the log's descriptor and not for those of a process. */
const program = (dataDir: string) => `
  import { closeSync, openSync } from "node:fs"
  import { ensureHost } from ${JSON.stringify(launch)}
  const start = () => ensureHost({
    dataDir: ${JSON.stringify(dataDir)}, environment: {}, version: "0", mayStart: true, journal: null, acked: 0,
    onEvent() {}, onLive() {},
  }).catch((error) => error.code + ": " + error.message)
  const held = []
  try { for (;;) held.push(openSync("/dev/null", "r")) } catch {}
  for (let free = 0; free < 3; free += 1) {
    for (let n = 0; n < free; n += 1) closeSync(held.pop())
    console.log(await start())
    for (let n = 0; n < free; n += 1) try { held.push(openSync("/dev/null", "r")) } catch {}
  }
  // What a failed start leaves would come up by now.
  setImmediate(() => {
    console.log("lives")
    process.exit()
  })
`

it("is an error of the start, and never the end of the runtime", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "no-room-"))
  try {
    const said = execFileSync(
      "bash",
      ["-c", 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"', process.execPath, program(dataDir)],
      { encoding: "utf8", env: { PATH: process.env.PATH }, timeout: 30_000 },
    )
    expect(said).toContain("not_started: the host could not be started: spawn")
    expect(said.trim().endsWith("lives")).toBe(true)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
