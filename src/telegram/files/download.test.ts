import { createHash, randomBytes } from "node:crypto"
import { statSync } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { startRig } from "../../../test/fakes/telegram-rig.ts"
import { type BotApi, createBotApi } from "../wire/api.ts"
import { saveFile } from "./download.ts"

const token = "123456:SECRET-SECRET-SECRET-SECRET-35"
const never = new AbortController().signal
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex")

let directory = ""
const servers: Server[] = []
const clients: BotApi[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "telegram-files-"))
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await rm(directory, { recursive: true, force: true })
})

interface FileServer {
  readonly api: BotApi
  /** The `range` header of each download, in order. */
  readonly ranges: (string | undefined)[]
}

/** Serves one file; each download is cut after `cutAfter` bytes while there are cuts left. */
async function serving(file: {
  data: Buffer
  path?: string
  announced?: number
  cuts?: number
  cutAfter?: number
  ignoresRange?: boolean
}): Promise<FileServer> {
  const { data, path = "documents/file_1.bin", announced = data.length, cutAfter = 0 } = file
  let cuts = file.cuts ?? 0
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/getFile")) {
      const result = { file_id: "f", file_unique_id: "AgAD1", file_size: announced, file_path: path }
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ ok: true, result }))
      return
    }
    ranges.push(request.headers.range)
    const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)
    const from = file.ignoresRange ? 0 : asked
    response.writeHead(from > 0 ? 206 : 200, { "content-length": data.length - from })
    if (cuts-- <= 0) return void response.end(data.subarray(from))
    response.write(data.subarray(from, from + cutAfter), async () => {
      // What the client has received and not yet taken would be gone with the connection.
      if (cutAfter > 0) await vi.waitUntil(() => partSize() > from)
      response.destroy()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const api = createBotApi({ bot: 123456, token, apiRoot: `http://127.0.0.1:${port}` })
  clients.push(api)
  return { api, ranges }
}

const partSize = (): number => statSync(join(directory, ".AgAD1.part"), { throwIfNoEntry: false })?.size ?? 0

const wanted = (name = "data.bin", limit = 1e9) => ({ fileId: "f", name, directory, limit })

describe("a file of the owner", () => {
  it("is saved under a safe name, with its hash and its true type", async () => {
    await using rig = await startRig()
    const bot = rig.addBot()
    const data = Buffer.from("%PDF-1.7 hello")
    const message = await rig.owner(bot).sendsDocument("../my report.txt", data)
    const fileId = message.document?.file_id ?? ""
    const saved = await saveFile(rig.connect(bot), { ...wanted("../my report.txt"), fileId }, never)
    expect(saved).toEqual({
      path: join(directory, "my report.txt"),
      name: "my report.txt",
      mediaType: "application/pdf",
      size: data.length,
      sha256: sha256(data),
    })
    expect(await readFile(saved.path)).toEqual(data)
    expect((await stat(saved.path)).mode & 0o777).toBe(0o600)
    rig.telegram.assertClean()
  })

  it("does not take the place of another one with its name", async () => {
    const { api } = await serving({ data: Buffer.from("one") })
    const names = [await saveFile(api, wanted("a.txt"), never), await saveFile(api, wanted("a.txt"), never)]
    expect(names.map((file) => file.name)).toEqual(["a.txt", "a-2.txt"])
    expect((await readdir(directory)).sort()).toEqual(["a-2.txt", "a.txt"])
  })

  it("goes on where a broken connection ended", async () => {
    const data = randomBytes(300_000)
    const { api, ranges } = await serving({ data, cuts: 2, cutAfter: 100_000 })
    const saved = await saveFile(api, wanted(), never)
    expect(saved.sha256).toBe(sha256(data))
    expect(ranges).toHaveLength(3)
    expect(ranges[0]).toBeUndefined()
    expect(ranges[2]).toMatch(/^bytes=\d+-$/)
  })

  it("begins anew when the server ignores where it should go on", async () => {
    const data = randomBytes(200_000)
    const { api } = await serving({ data, cuts: 1, cutAfter: 100_000, ignoresRange: true })
    expect((await saveFile(api, wanted(), never)).sha256).toBe(sha256(data))
  })

  it("goes on with the part that an earlier process left", async () => {
    const data = randomBytes(50_000)
    await writeFile(join(directory, ".AgAD1.part"), data.subarray(0, 20_000))
    const { api, ranges } = await serving({ data })
    expect((await saveFile(api, wanted(), never)).sha256).toBe(sha256(data))
    expect(ranges).toEqual(["bytes=20000-"])
  })

  it("gives up after some tries without progress", async () => {
    const { api, ranges } = await serving({ data: randomBytes(1000), cuts: 99 })
    await expect(saveFile(api, wanted(), never)).rejects.toMatchObject({ failure: { kind: "ambiguous" } })
    expect(ranges).toHaveLength(4)
  })

  it.each([
    ["announced", 2000],
    ["found on the way, whatever was announced", 10],
  ])("beyond the limit is refused, %s", async (_name, announced) => {
    const { api } = await serving({ data: randomBytes(2000), announced })
    await expect(saveFile(api, wanted("x", 1000), never)).rejects.toMatchObject({
      code: "file_too_large",
      limit: 1000,
    })
    expect(await readdir(directory)).toEqual([])
  })

  it("too big for Telegram itself is told as such", async () => {
    await using rig = await startRig()
    const bot = rig.addBot()
    const message = await rig.owner(bot).sendsDocument("big.bin", Buffer.alloc(20 * 1024 * 1024 + 1))
    const fileId = message.document?.file_id ?? ""
    const saving = saveFile(rig.connect(bot), { ...wanted(), fileId }, never)
    await expect(saving).rejects.toMatchObject({ code: "file_too_large" })
  })

  it("is copied when a local server keeps it on this machine, from the bot's directory only", async () => {
    const home = join(directory, token, "documents")
    await mkdir(home, { recursive: true })
    const data = Buffer.from("local content")
    await writeFile(join(home, "file_1.txt"), data)
    const local = await serving({ data, path: join(home, "file_1.txt") })
    const saved = await saveFile(local.api, { ...wanted("x.txt"), directory: join(directory, "in") }, never)
    expect(await readFile(saved.path)).toEqual(data)
    expect(local.ranges).toEqual([])
    const foreign = await serving({ data, path: "/etc/hostname" })
    await expect(saveFile(foreign.api, wanted(), never)).rejects.toThrow(/outside the bot's directory/)
  })

  it("leaves the token out of what goes wrong", async () => {
    const missing = await serving({ data: Buffer.from("x"), path: join(directory, token, "gone.txt") })
    const error = await saveFile(missing.api, wanted(), never).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ failure: { kind: "rejected" } })
    expect(String(error instanceof Error ? error.stack : error)).not.toContain("SECRET")
  })
})

describe("a file that Telegram does not name at once", { concurrent: true }, () => {
  it.each([
    ["a status of a proxy", { kind: "status", code: 502 }],
    ["a short penalty", { kind: "status", code: 429, retryAfterSeconds: 1 }],
    ["a reset", { kind: "drop_before_apply" }],
  ] as const)("comes all the same after %s", async (_name, fault) => {
    await using rig = await startRig()
    const bot = rig.addBot()
    const data = randomBytes(2_000)
    const sent = await rig.owner(bot).sendsDocument("data.bin", data)
    rig.telegram.fault({ ...fault, method: "getFile" })
    const wanted = { fileId: sent.document?.file_id ?? "", name: "data.bin", limit: 10_000 }
    const saved = await saveFile(rig.connect(bot), { ...wanted, directory: join(rig.directory, "in") }, never)
    expect(saved.sha256).toBe(sha256(data))
  })
})
