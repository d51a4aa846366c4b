import { execFileSync } from "node:child_process"
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Clock } from "../core/clock.ts"
import { OutgoingFiles } from "./outgoing-files.ts"

let root: string
let workspace: string
let store: string
let due: Set<() => void>
let files: OutgoingFiles

const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(_, run) {
    due.add(run)
    return { cancel: () => due.delete(run) }
  },
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "outgoing-")))
  workspace = join(root, "work")
  store = join(root, "store")
  for (const directory of [workspace, store]) mkdirSync(directory)
  due = new Set()
  files = new OutgoingFiles(clock, join(root, "data"))
})
afterEach(async () => {
  for (const run of due) run()
  rmSync(root, { recursive: true })
})

const put = (path: string, content = "content") => {
  writeFileSync(join(root, path), content)
  return join(root, path)
}
const stat = (path: string, allowed: string | null = null) =>
  files.stat({ kind: "file.stat", path, workspace, alsoBelow: store, allowed })
/** What the owner allows when they are asked. */
async function asked(path: string): Promise<string> {
  const found = await stat(path)
  if (found.kind !== "needs_tap") throw new Error(found.kind)
  return found.identity
}
const read = async (handle: string, offset = 0, length = 100) => {
  const { data } = await files.read({ kind: "file.read", handle, offset, length })
  return Buffer.from(data, "base64").toString()
}
async function opens(path: string, allowed?: string): Promise<string> {
  const found = await stat(path, allowed)
  if (found.kind !== "opened") throw new Error(found.kind)
  return found.handle
}

describe("a file that is to leave the machine", () => {
  it("goes by itself from the workspace and the store, and is read piece by piece", async () => {
    const handle = await opens(put("work/report.txt", "0123456789"))
    expect([await read(handle, 0, 4), await read(handle, 4, 4), await read(handle, 8, 4)]).toEqual([
      ...["0123", "4567", "89"],
    ])
    await expect(read(handle)).rejects.toThrow("not open any more")
    expect(await read(await opens(put("store/sent.txt")))).toBe("content")
  })

  it.each([
    ["from elsewhere", () => put("other.txt"), "outside_workspace"],
    ["named like a credential", () => put("work/.env"), "looks_like_credential"],
    [
      "reached by a link that leads out",
      () => {
        symlinkSync(put("elsewhere.txt"), join(workspace, "link.txt"))
        return join(workspace, "link.txt")
      },
      "outside_workspace",
    ],
  ])("waits for the owner's tap %s", async (_, make, reason) => {
    const path = make()
    const realPath = realpathSync(path)
    expect(await stat(path)).toMatchObject({ kind: "needs_tap", reason, realPath, size: 7 })
    expect(await read(await opens(path, await asked(path)))).toBe("content")
  })

  it("is what was judged, whatever its name leads to afterwards", async () => {
    const [path, secret] = [put("work/report.txt", "harmless"), put("id_rsa", "secret")]
    const handle = await opens(path)
    rmSync(path)
    symlinkSync(secret, path)
    expect(await read(handle)).toBe("harmless")
    renameSync(secret, path)
    expect(await stat(path)).toMatchObject({ kind: "opened" })
  })

  it("is the one that the owner was asked about, as it was then", async () => {
    const path = put("other.txt")
    const allowed = await asked(path)
    put("other.txt", "something else")
    expect(await stat(path, allowed)).toEqual({ kind: "changed" })
    rmSync(path)
    symlinkSync(put("secret.txt"), path)
    expect(await stat(path, allowed)).toEqual({ kind: "changed" })
  })

  it("is never the system's or ours, whoever allows it, nor sent unasked under one of several names", async () => {
    mkdirSync(join(root, "data"))
    for (const path of ["/proc/self/environ", put("data/ledger.db")])
      for (const allowed of [null, "any"]) expect(await stat(path, allowed)).toEqual({ kind: "refused" })
    linkSync(put("other.txt"), join(workspace, "same.txt"))
    expect(await stat(join(workspace, "same.txt"))).toMatchObject({ reason: "has_other_names" })
  })

  it("is said to be none where there is none to send", async () => {
    expect(await stat(join(workspace, "gone.txt"))).toEqual({ kind: "missing" })
    expect(await stat(join(put("work/file.txt"), "below"))).toEqual({ kind: "missing" })
    expect(await stat(workspace, "any")).toEqual({ kind: "no_file" })
    execFileSync("/bin/sh", ["-c", `mkfifo "${join(workspace, "pipe")}"`])
    expect(await stat(join(workspace, "pipe"))).toEqual({ kind: "no_file" })
  })

  it("is closed when nobody reads on, and the oldest when there are too many", async () => {
    const path = put("work/report.txt")
    const idle = await opens(path)
    for (const run of [...due]) run()
    await expect(read(idle)).rejects.toThrow("not open any more")
    const first = await opens(path)
    for (let more = 0; more < 16; more += 1) await opens(path)
    await expect(read(first)).rejects.toThrow("not open any more")
  })
})
