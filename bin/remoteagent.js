#!/usr/bin/env node
// Runs on any Node from 12 on: finds one that is new enough, then starts the command line.
// biome-ignore-all lint/style/useNodejsImportProtocol: the older Node that this must still run on does not know node:
import { spawn } from "child_process"
import { existsSync, readdirSync, statSync } from "fs"
import { homedir } from "os"
import { dirname, join } from "path"
import { fileURLToPath, pathToFileURL } from "url"
import { setFlagsFromString } from "v8"

const OLDEST = 24
const home = dirname(dirname(fileURLToPath(import.meta.url)))

if (Number(process.versions.node.split(".")[0]) >= OLDEST) run()
else handOver(join(home, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node"))

function run() {
  keepDebuggersOut()
  keepMemorySmall()
  silenceKnownWarnings()
  cacheCompiledCode()
    .then(() => import(pathToFileURL(entry()).href))
    .then((cli) => cli.main(process.argv.slice(2)))
    .then(
      (code) => {
        process.exitCode = code
      },
      (error) => {
        console.error(error)
        process.exitCode = 1
      },
    )
}

/** What was built, which starts sooner and stays smaller, unless a checkout's sources have changed since. */
function entry() {
  const built = join(home, "dist", "cli", "main.js")
  return isCurrent(built) ? built : join(home, "src", "cli", "main.ts")
}

function isCurrent(built) {
  if (!existsSync(join(home, "src"))) return true
  if (!existsSync(built)) return false
  const builtAt = statSync(built).mtimeMs
  // A directory's own time tells of a file that is gone; the lock file's of a library that changed.
  const sources = readdirSync(join(home, "src"), { recursive: true }).map((name) => join("src", name))
  return ["src", "package-lock.json", ...sources].every((name) => {
    const found = statSync(join(home, name), { throwIfNoEntry: false })
    return found === undefined || found.mtimeMs <= builtAt
  })
}

/** Node opens its debugger to every program on this machine at this signal, which any program of this user can send. */
function keepDebuggersOut() {
  process.on("SIGUSR1", () => {})
}

/** Not in the shared temporary directory: whoever could write there could change what we run. */
function cacheCompiledCode() {
  return import("module").then((module) => {
    const base = process.env.XDG_CACHE_HOME || join(process.env.HOME || homedir(), ".cache")
    module.enableCompileCache(join(base, "remoteagent", "compiled"))
  })
}

/** A start makes much that is new, and V8 keeps the 8 MB it took for that, in a program that mostly waits. */
function keepMemorySmall() {
  // The one setting of the young generation that still works once V8 runs.
  setFlagsFromString("--semi-space-growth-factor=1")
}

/** SQLite and type stripping work as we use them; that they may change is no news to the owner. */
function silenceKnownWarnings() {
  const emitWarning = process.emitWarning
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === "object" && rest[0] !== null ? rest[0].type : rest[0]
    const isKnown =
      type === "ExperimentalWarning" && /^(SQLite|Type Stripping) is an experimental feature/.test(warning)
    if (!isKnown) emitWarning.call(process, warning, ...rest)
  }
}

function handOver(node) {
  if (!existsSync(node)) {
    console.error(
      `RemoteAgent needs Node ${OLDEST} or newer; this is ${process.version}. Install it from https://nodejs.org and start again.`,
    )
    process.exitCode = 1
    return
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" })
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    // A terminal sends its own to both of us; passing that on would count one Ctrl-C twice.
    const comesFromTerminal = (signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY
    process.on(signal, () => {
      if (!comesFromTerminal) child.kill(signal)
    })
  }
  child.on("error", (error) => {
    console.error(`RemoteAgent could not start ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
