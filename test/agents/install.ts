/** Installs the agent programs the tests drive, and says where their native binaries are. */
import { spawn } from "node:child_process"
import { existsSync, lstatSync, readFileSync, realpathSync, unlinkSync } from "node:fs"
import path from "node:path"

const HERE = import.meta.dirname
const REPO_BIN = path.join(HERE, "../../node_modules/.bin")
const MODULES = path.join(HERE, "node_modules")

/** Vitest's globalSetup: `npm ci` here when what is installed is not what the lockfile names. */
export default async function install(): Promise<void> {
  if (isInstalled()) return
  console.log("test/agents: installing the agent programs (about 800 MB, once) …")
  await runNpmCi()
}

/** Absolute path of the native `codex`, or null where the platform has none. */
export function codexBinary(): string | null {
  const target = codexTarget()
  if (target === null) return missing("codex")
  const file = path.join(MODULES, `@openai/codex-${process.platform}-${process.arch}`, "vendor", target, "bin/codex")
  return existsSync(file) ? realpathSync(file) : missing("codex")
}

/** Absolute path of the native `claude`, or null where the platform has none. */
export function claudeBinary(): string | null {
  const variants = ["", "-musl"].map((libc) =>
    path.join(MODULES, `@anthropic-ai/claude-code-${process.platform}-${process.arch}${libc}`, "claude"),
  )
  const file = variants.find((candidate) => existsSync(candidate))
  return file === undefined ? missing("claude") : realpathSync(file)
}

function missing(program: string): null {
  console.warn(`SKIPPED: no native ${program} for ${process.platform}-${process.arch}; its tests do not run here`)
  return null
}

function codexTarget(): string | null {
  const cpu = { x64: "x86_64", arm64: "aarch64" }[process.arch as string]
  const os = { linux: "unknown-linux-musl", darwin: "apple-darwin" }[process.platform as string]
  return cpu === undefined || os === undefined ? null : `${cpu}-${os}`
}

/** By content and not by age: a fresh checkout or a copy makes every file new. */
function isInstalled(): boolean {
  // npm writes this file at the end of an install, so an interrupted one counts as missing.
  const done = readLock(path.join(MODULES, ".package-lock.json"))
  const wanted = readLock(path.join(HERE, "package-lock.json"))
  if (done === null || wanted === null) return false
  const direct = Object.keys(wanted[""]?.dependencies ?? {}).map((name) => `node_modules/${name}`)
  const isCurrent = (name: string) => done[name]?.integrity === wanted[name]?.integrity
  return direct.every((name) => name in done) && Object.keys(done).every(isCurrent)
}

interface LockedPackage {
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

function readLock(file: string): Readonly<Record<string, LockedPackage>> | null {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : null
}

function runNpmCi(): Promise<void> {
  // npm empties what a linked node_modules leads to, which belongs to another checkout.
  if (lstatSync(MODULES, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(MODULES)
  const PATH = `${REPO_BIN}${path.delimiter}${process.env["PATH"] ?? ""}`
  return new Promise((resolve, reject) => {
    const npm = spawn("npm", ["ci"], { cwd: HERE, env: { ...process.env, PATH }, stdio: ["ignore", "pipe", "pipe"] })
    const output: string[] = []
    npm.stdout.on("data", (chunk) => output.push(String(chunk)))
    npm.stderr.on("data", (chunk) => output.push(String(chunk)))
    npm.once("error", (cause) => reject(new Error("test/agents: npm cannot be started", { cause })))
    npm.once("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`test/agents: npm ci ended with ${code}\n${output.join("")}`)),
    )
  })
}
