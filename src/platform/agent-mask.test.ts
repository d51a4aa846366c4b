import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, describe, expect, it } from "vitest"
import { type AgentMask, type Kept, maskOf, prepareMask, probeAgentMask } from "./agent-mask.ts"

const root = mkdtempSync(join(tmpdir(), "agent-mask-"))
const data = join(root, "data")
const state = join(data, "providers", "codex")
const files = join(data, "attachments")

mkdirSync(state, { recursive: true })
mkdirSync(files)
writeFileSync(join(data, ".env"), "TOKEN=secret")
writeFileSync(join(state, "own"), "mine")
writeFileSync(join(files, "photo"), "pixels")
afterAll(() => rmSync(root, { recursive: true }))

const kept: readonly Kept[] = [
  { path: state, isWritable: true },
  { path: files, isWritable: false },
  { path: join(data, "absent"), isWritable: true },
]

const probe = await probeAgentMask(process.platform, data)
if (probe.kind === "unavailable") console.warn(`SKIPPED: agents cannot be masked here: ${probe.why}`)

describe.runIf(process.platform === "linux" && probe.kind === "available")("a masked process", () => {
  const mask = maskOf("linux") as AgentMask

  /** Output and error output of a shell script inside. */
  async function inside(script: string, hidden = [data]): Promise<string> {
    const { command, args } = mask(prepareMask({ hidden, kept }), {
      ...{ command: "/bin/sh", args: ["-c", `exec 2>&1; ${script}`, "sh"], cwd: state },
    })
    const run = promisify(execFile)(command, [...args], { env: { PATH: process.env.PATH } })
    return (await run.catch((error: { stdout: string }) => error)).stdout.trim()
  }

  it("finds the directory empty but for what is kept", async () => {
    expect(await inside(`ls -A ${data}`)).toBe("attachments\nproviders")
    expect(await inside(`cat ${data}/.env`)).toContain("No such file")
    expect(await inside(`cat own; cat ${files}/photo`)).toBe("minepixels")
  })

  it("writes only where it may", async () => {
    await inside(`echo new > ${state}/made; echo changed > ${files}/photo; echo x > ${data}/planted`)
    expect(readFileSync(join(state, "made"), "utf8")).toBe("new\n")
    expect(readFileSync(join(files, "photo"), "utf8")).toBe("pixels")
    expect(() => readFileSync(join(data, "planted"))).toThrow()
  })

  it.each([
    ["taking the mounts away", `umount ${data}; umount -l ${data}; cat ${data}/.env`],
    ["a namespace of its own", `unshare -Urm sh -c 'umount ${data}; cat ${data}/.env'`],
    [
      "binding what lies beneath",
      `mkdir ${state}/b; mount --bind ${root} ${state}/b; cat ${state}/b/data/.env`,
    ],
    ["the parent of its directory", `cat ../../.env`],
    ["a link that leads there", `cat ${root}/link/.env`],
    ["the root of a process outside", `cat /proc/${process.pid}/root${data}/.env`],
    ["the directory of a process outside", `cat /proc/${process.pid}/cwd/package.json`],
  ])("is not led beneath by %s", async (_, script) => {
    symlinkSync(data, join(root, "link"))
    const said = await inside(script)
    rmSync(join(root, "link"))
    expect(said).not.toContain("secret")
    expect(said).toMatch(/No such file|denied|not permitted|not mounted|superuser/i)
  })

  it("cannot look into a process outside", async () => {
    expect(await inside(`cat /proc/${process.pid}/environ /proc/${process.pid}/mem`)).toMatch(
      /^(cat: \/proc\/\d+\/(environ|mem): Permission denied\n?){2}$/,
    )
  })

  it("does not reach a socket in the directory", async () => {
    const server = createServer((socket) => socket.end("hello owner"))
    await new Promise<void>((resolve) => server.listen(join(data, "runtime.sock"), resolve))
    const connect = `require("net").connect("${data}/runtime.sock").on("data", (d) => console.log(String(d))).on("error", (e) => console.log(e.code))`
    expect(await inside(`${process.execPath} -e '${connect}'`)).toBe("ENOENT")
    server.close()
  })

  it("keeps its process id, its directory and its arguments as they are", async () => {
    expect(await inside(`pwd; printf '%s' "$0"`)).toBe(`${state}\nsh`)
    const { command, args } = mask(prepareMask({ hidden: [data], kept }), {
      ...{ command: "/bin/sh", args: ["-c", "echo $$"], cwd: state },
    })
    const run = promisify(execFile)(command, [...args])
    expect((await run).stdout).toBe(`${run.child.pid}\n`)
  })

  it("runs its own namespaces, as the sandboxes of agents do", async () => {
    expect(await inside("unshare -Ur id -u")).toBe("0")
  })
})

describe("the seatbelt profile", () => {
  const mask = maskOf("darwin") as AgentMask

  it("denies first and allows what is kept after it", () => {
    const { command, args } = mask(
      { hidden: ["/u/.remoteagent"], kept: [{ path: "/u/.remoteagent/providers/codex", isWritable: true }] },
      { command: "/bin/echo", args: ["a b"], cwd: "/u" },
    )
    expect(command).toBe("/usr/bin/sandbox-exec")
    expect(args[1]).toBe(`(version 1)
(allow default)
(deny file-read* (subpath "/u/.remoteagent"))
(deny file-write* (subpath "/u/.remoteagent"))
(deny network-outbound (subpath "/u/.remoteagent"))
(allow file-read* (subpath "/u/.remoteagent/providers/codex"))
(allow file-write* (subpath "/u/.remoteagent/providers/codex"))
(allow network-outbound (subpath "/u/.remoteagent/providers/codex"))`)
    expect(args.slice(2)).toEqual(["/bin/echo", "a b"])
  })
})

describe("where there is no way", () => {
  it("says the platform", async () => {
    expect(await probeAgentMask("win32", data)).toEqual({ kind: "unavailable", why: "win32" })
  })
})
