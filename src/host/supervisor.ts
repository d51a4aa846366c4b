/** Starts children for one provider: own process group, clean environment, recorded before the first byte. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs"
import { join } from "node:path"
import { ProviderError } from "../core/provider-error.ts"
import { childEnvironment, type Environment } from "../platform/child-environment.ts"
import { processStart } from "../platform/process-table.ts"
import type { TreeRoot } from "../platform/process-tree.ts"
import type { Reason } from "../protocol/reason.ts"
import type { Child, ChildSpec, Log, RunResult, Supervisor, Valve } from "../providers/provider.ts"
import { hearEnds, type ProcessEnds, RunningChild } from "./child.ts"
import type { Children } from "./children.ts"
import { findProgram } from "./find-program.ts"
import type { Shield } from "./shield.ts"
import { tailOfFile, tailOfStream } from "./stderr-tail.ts"

export interface SupervisorOptions {
  readonly children: Children
  /** The host's own environment, from which children get a short list of names. */
  readonly environment: Environment
  /** Names of it that the owner lets every agent have. */
  readonly inherit?: readonly string[]
  /** The provider's private directory. Its children litter a `tmp` in it instead of the machine's. */
  readonly stateDir: string
  /** Searched besides PATH: where our own installs go. */
  readonly programDirs: readonly string[]
  /** What is started in place of an agent's program. */
  readonly shield: Shield
  readonly valve: Valve
  readonly log: Log
}

const DEFAULT_MAX_OUTPUT = 4 * 1024 * 1024
const RUN_GRACE_MS = 1_000

export function createSupervisor(options: SupervisorOptions): Supervisor {
  return {
    spawn: (spec) => start(options, spec, options.valve),
    run: (spec) => run(options, spec),
    find: async (command) => findProgram(command, options.environment, options.programDirs),
  }
}

async function start(
  options: SupervisorOptions,
  spec: ChildSpec,
  valve: Valve | null,
): Promise<RunningChild> {
  const { children, log } = options
  const output = spec.survivesHost ? openOutputFile(options, spec.label) : null
  const {
    process: started,
    ends,
    root,
  } = await launch(options, spec, output?.file).finally(() => {
    if (output) closeSync(output.file)
  })
  const running = new RunningChild({
    ...{ process: started, ends, root, label: spec.label, log, valve },
    stderrTail: output ? tailOfFile(output.path) : started.stderr ? tailOfStream(started.stderr) : () => "",
    onTreeGone: () => children.forget(root.pid),
  })
  children.add(running)
  return running
}

/** A pipe would break when the host dies, and take a child that writes to it along; so its output goes to a file. */
function openOutputFile({ stateDir }: SupervisorOptions, label: string): { file: number; path: string } {
  const path = join(stateDir, `${label.replace(/[^\w.-]+/g, "-")}.log`)
  return { file: openSync(path, "w", 0o600), path }
}

interface Launched {
  readonly process: ChildProcess
  readonly ends: ProcessEnds
  readonly root: TreeRoot
}

async function launch(
  options: SupervisorOptions,
  spec: ChildSpec,
  output: number | undefined,
): Promise<Launched> {
  const env = environmentOf(options, spec)
  const { command, args } = await options.shield({
    ...{ command: programOf(spec, env), args: spec.args, cwd: spec.cwd },
  })
  const started = spawn(command, [...args], {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: output === undefined ? ["pipe", "pipe", "pipe"] : ["ignore", output, output],
  })
  const ends = hearEnds(started)
  const isStarted = once(started, "spawn")
  // Looked at below; until then a failure is nobody's yet.
  isStarted.catch(() => null)
  const root = await record(options, spec, started.pid).catch((error: unknown) => {
    // Nobody would find it again.
    started.kill("SIGKILL")
    throw error
  })
  try {
    await isStarted
  } catch (cause) {
    throw new ProviderError({ class: "crashed", reason: whyNotStarted(spec, cause) }, { cause })
  }
  started.on("error", (error) =>
    options.log.warn({ error, label: spec.label }, "a signal did not reach a child"),
  )
  return { process: started, ends, root }
}

/** Looked for here, since behind a shield the program's absence would be an exit code like another. */
function programOf(spec: ChildSpec, env: Environment): string {
  const found = findProgram(spec.command, env, [])
  if (found !== null) return found
  const reason = whyNotStarted(spec, { code: existsSync(spec.command) ? "EACCES" : "ENOENT" })
  throw new ProviderError({ class: "crashed", reason })
}

/** As soon as there is a pid: a host that dies now leaves nothing that the next one cannot find. */
async function record(
  { children }: SupervisorOptions,
  spec: ChildSpec,
  pid: number | undefined,
): Promise<TreeRoot> {
  if (pid === undefined) return { pid: -1, startTime: "" }
  const startTime = await processStart(pid)
  // Null: it has ended already.
  if (startTime === null) return { pid, startTime: "" }
  children.record({ pid, startTime, label: spec.label, survivesHost: spec.survivesHost === true })
  return { pid, startTime }
}

function environmentOf(options: SupervisorOptions, spec: ChildSpec) {
  const { environment, stateDir, programDirs, inherit = [] } = options
  const tempDir = join(stateDir, "tmp")
  mkdirSync(tempDir, { recursive: true, mode: 0o700 })
  const base = childEnvironment({ source: environment, inherit: [...spec.inherit, ...inherit], extra: {} })
  const path = [base.PATH, ...programDirs].filter(Boolean).join(":")
  return { ...base, PATH: path, TMPDIR: tempDir, ...spec.env }
}

/** ENOENT also means that the working directory is missing. */
function whyNotStarted({ label, cwd }: ChildSpec, cause: unknown): Reason {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  if (!isDirectory(cwd)) return { code: "workspace_gone" }
  if (code === "ENOENT") return { code: "program_not_found", agent: label }
  if (code === "EACCES") return { code: "program_not_executable", agent: label }
  return { code: "not_started", agent: label }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

type RunSpec = Parameters<Supervisor["run"]>[0]

async function run(options: SupervisorOptions, spec: RunSpec): Promise<RunResult> {
  const child = await start(options, spec, null)
  const stdout = collect(child, spec.maxOutput ?? DEFAULT_MAX_OUTPUT)
  child.endInput()
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    void child.kill(RUN_GRACE_MS)
  }, spec.timeoutMs)
  const { code, signal } = await child.exited
  clearTimeout(timer)
  return { code, signal, stdout: stdout(), stderr: child.stderrTail(), timedOut }
}

function collect(child: Child, maxBytes: number): () => string {
  const lines: string[] = []
  let left = maxBytes
  child.onLine((line) => {
    left -= Buffer.byteLength(line) + 1
    if (left >= -1) lines.push(line)
  })
  return () => lines.map((line) => `${line}\n`).join("")
}
