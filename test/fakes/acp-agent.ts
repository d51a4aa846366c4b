/**
 * The ACP agent of the tests: it echoes prompts ("echo: <text>") and does what markers in the prompt say, in their
 * order. Every prompt it consumes is first appended, with fsync, to a log that tests count runs in.
 *
 *   node test/fakes/acp-agent.ts
 *   ACP_AGENT_STATE  directory of its transcripts             (default: ./acp-agent in the working directory)
 *   ACP_AGENT_LOG    log of consumed prompts, one JSON a line  (default: <state>/consumed.log)
 *   ACP_AGENT_HOLDS  directory of the files that release holds (default: <state>/holds)
 *   ACP_AGENT_ENDS   log of ended prompts, one JSON a line; none unless told
 *
 *   [[slow 3000]]     streams the answer over so many milliseconds
 *   [[pieces 200]]    in so many pieces instead of 20
 *   [[clock]]         before the answer, so many pieces that each say when they were said: "@12345.6 " (see `at`)
 *   [[hold name]]     says "holding name", then waits for the file <holds>/name
 *   [[silent]]        says nothing more until it is cancelled
 *   [[deaf]]          the same, and ignores the cancellation
 *   [[perm]]          asks to run a command and runs it when allowed; [[perm cmd]] names it
 *   [[tool cmd]]      runs a command without asking
 *   [[ask]]           asks one question with a choice; the answer follows in the text
 *   [[think]] [[plan]] [[unknown]]   reasoning, a plan, an update of a kind nobody knows
 *   [[big 100000]]    an answer of so many characters
 *   [[env NAME]]      says what is in this variable of its environment
 *   [[empty]]         ends without an answer
 *   [[stop reason]]   ends with this stop reason
 *   [[error]]         fails; [[error words]] names them
 *   [[flaky 2]]       is overloaded the first so many times that this prompt comes; only then it counts as consumed
 *   [[crash]]         dies at once
 */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  watch,
  writeSync,
} from "node:fs"
import { dirname, join, resolve } from "node:path"
import type { Script, ScriptTurn, StopReason } from "../../src/providers/demo/agent-server.ts"
import { RpcError } from "../../src/providers/demo/rpc-peer.ts"
import { serveOnStdio } from "../../src/providers/demo/stdio.ts"

const state = resolve(process.env.ACP_AGENT_STATE ?? "acp-agent")
const log = process.env.ACP_AGENT_LOG ?? join(state, "consumed.log")
const holds = process.env.ACP_AGENT_HOLDS ?? join(state, "holds")
const ends = process.env.ACP_AGENT_ENDS
const MARKER = /\[\[(\w+)(?:\s+([^\]]*))?\]\]/g

/** One line of the log. */
export interface Consumed {
  readonly text: string
  readonly attempt: string | null
  readonly session: string
  readonly pid: number
  /** What came with the words: the kind of each other block and its media type or name. */
  readonly files: readonly string[]
  /** When the script got it, in milliseconds of the machine's monotonic clock (`process.hrtime`). */
  readonly at: number
}

/** One line of the log of ends. */
export interface Ended extends Omit<Consumed, "pid" | "files"> {
  readonly stopReason: StopReason
}

const script: Script = {
  name: "echo",
  title: "Echo",
  version: "1.0.0",
  options: [
    {
      id: "mode",
      name: "Mode",
      category: "mode",
      values: [
        { value: "auto", name: "Auto" },
        { value: "ask", name: "Ask" },
      ],
    },
    {
      id: "model",
      name: "Model",
      category: "model",
      values: [
        { value: "echo-1", name: "Echo 1" },
        { value: "echo-2", name: "Echo 2" },
      ],
    },
  ],
  async run(turn) {
    const { text, attempt, session } = turn
    failFirst(text)
    const files = turn.blocks.flatMap(describeFile)
    record({ text, attempt, session, files, pid: process.pid, at: monotonicMs() })
    const stopReason = await act(turn)
    if (ends !== undefined) {
      const ended: Ended = { text, attempt, session, stopReason, at: monotonicMs() }
      appendFileSync(ends, `${JSON.stringify(ended)}\n`)
    }
    return stopReason
  },
}

interface Performance {
  answer: string
  overMs: number
  pieces: number
  isClock: boolean
}

interface Marker {
  readonly argument: string
  readonly performance: Performance
}

async function act(turn: ScriptTurn): Promise<StopReason> {
  const answer = `echo: ${turn.text.replace(MARKER, "").trim()}`
  const performance: Performance = { answer, overMs: 0, pieces: 20, isClock: false }
  for (const [, name = "", argument = ""] of turn.text.matchAll(MARKER)) {
    const ended = await perform(turn, name, { argument: argument.trim(), performance })
    if (ended) return ended
  }
  return await speak(turn, performance)
}

async function perform(
  turn: ScriptTurn,
  name: string,
  { argument, performance }: Marker,
): Promise<StopReason | null> {
  switch (name) {
    case "slow":
      performance.overMs = Number(argument)
      return null
    case "clock":
      performance.isClock = true
      return null
    case "pieces":
      performance.pieces = Number(argument)
      return null
    case "big":
      performance.answer = "0123456789".repeat(Math.ceil(Number(argument) / 10)).slice(0, Number(argument))
      return null
    case "env":
      performance.answer += ` ${process.env[argument] ?? "nothing"}`
      return null
    case "think":
      turn.think("thinking")
      return null
    case "plan":
      turn.plan([{ content: "one step", status: "in_progress" }])
      return null
    case "unknown":
      turn.update({ sessionUpdate: "brand_new_kind", surprise: true })
      return null
    case "hold":
      turn.say(`holding ${argument} `)
      return (await released(argument, turn.signal)) ? null : "cancelled"
    case "silent":
      turn.say("silent from now on ")
      await aborted(turn.signal)
      return "cancelled"
    case "deaf":
      turn.say("deaf from now on ")
      return await new Promise<never>(() => setInterval(() => undefined, 60_000))
    case "perm":
      return await runCommand(turn, argument || "echo permitted", { ask: true, performance })
    case "tool":
      return await runCommand(turn, argument, { ask: false, performance })
    case "ask":
      performance.answer += await ask(turn)
      return turn.signal.aborted ? "cancelled" : null
    case "empty":
      return "end_turn"
    case "stop":
      return stopReason(argument)
    case "flaky":
      return null
    case "error":
      throw new RpcError(-32_603, argument || "scripted error")
    case "crash":
      process.kill(process.pid, "SIGKILL")
      return await new Promise<never>(() => undefined)
    default:
      throw new RpcError(-32_602, `unknown marker ${name}`)
  }
}

/** Counted on the disk: the next try may come to another process. */
function failFirst(text: string): void {
  const times = Number(/\[\[flaky (\d+)\]\]/.exec(text)?.[1] ?? 0)
  if (times === 0) return
  const count = join(state, "flaky", createHash("sha256").update(text).digest("hex"))
  mkdirSync(dirname(count), { recursive: true })
  appendFileSync(count, ".")
  if (readFileSync(count).length <= times) throw new RpcError(-32_603, "overloaded")
}

function record(consumed: Consumed): void {
  const file = openSync(log, "a", 0o600)
  writeSync(file, `${JSON.stringify(consumed)}\n`)
  fsyncSync(file)
  closeSync(file)
}

function describeFile(block: unknown): string[] {
  const { type, mimeType, name, resource } = block as Partial<Record<string, unknown>>
  if (type === "text") return []
  const embedded = typeof resource === "object" && resource !== null ? resource : {}
  const said = "text" in embedded ? String(embedded.text) : (mimeType ?? name)
  return [`${String(type)} ${String(said)}`]
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

async function speak(turn: ScriptTurn, performance: Performance): Promise<StopReason> {
  const { answer, overMs, pieces, isClock } = performance
  const size = Math.max(1, Math.ceil(answer.length / pieces))
  const count = isClock ? pieces : Math.ceil(answer.length / size)
  for (let piece = 0; piece < count; piece++) {
    if (overMs > 0) await Promise.race([pause(overMs / pieces), aborted(turn.signal)])
    if (turn.signal.aborted) return "cancelled"
    turn.say(isClock ? `@${monotonicMs().toFixed(1)} ` : answer.slice(piece * size, (piece + 1) * size))
  }
  if (isClock) turn.say(answer)
  return "end_turn"
}

async function runCommand(
  turn: ScriptTurn,
  command: string,
  { ask, performance }: { ask: boolean; performance: Marker["performance"] },
): Promise<StopReason | null> {
  const tool = {
    toolCallId: `call-${turn.attempt ?? "none"}-${++calls}`,
    title: command,
    kind: "execute",
  } as const
  turn.tool({ ...tool, status: "pending", rawInput: { command } })
  const verdict = ask ? await turn.allowed({ ...tool, rawInput: { command } }) : "allowed"
  if (verdict !== "allowed") {
    turn.tool({ toolCallId: tool.toolCallId, status: "failed" })
    performance.answer += " (denied)"
    return verdict === "cancelled" ? "cancelled" : null
  }
  turn.tool({ toolCallId: tool.toolCallId, status: "in_progress" })
  const { output, exitCode } = await execute(command, turn)
  const content = [{ type: "content", content: { type: "text", text: output } }]
  const status = exitCode === 0 ? "completed" : "failed"
  turn.tool({ toolCallId: tool.toolCallId, status, content, rawOutput: { exitCode } })
  if (ask) performance.answer += " (allowed)"
  return turn.signal.aborted ? "cancelled" : null
}

let calls = 0

function execute(command: string, turn: ScriptTurn): Promise<{ output: string; exitCode: number }> {
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", command], { cwd: turn.cwd, signal: turn.signal }, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, exitCode: error ? Number(error.code ?? 1) || 1 : 0 })
    })
  })
}

async function ask(turn: ScriptTurn): Promise<string> {
  const content = await turn.ask("Which color?", {
    color: {
      type: "string",
      title: "Color",
      oneOf: [
        { const: "r", title: "Red" },
        { const: "b", title: "Blue" },
      ],
    },
  })
  return content ? ` (answered ${String(content.color)})` : " (declined)"
}

async function released(name: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const check = (): void => {
    if (existsSync(join(holds, name))) resolve(true)
  }
  const watcher = watch(holds, check)
  signal.addEventListener("abort", () => resolve(false))
  if (signal.aborted) resolve(false)
  check()
  const outcome = await promise
  watcher.close()
  return outcome
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener("abort", () => resolve())
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function stopReason(name: string): StopReason {
  const known: readonly StopReason[] = ["end_turn", "max_tokens", "max_turn_requests", "refusal", "cancelled"]
  const found = known.find((reason) => reason === name)
  if (!found) throw new RpcError(-32_602, `unknown stop reason ${name}`)
  return found
}

mkdirSync(holds, { recursive: true })
await serveOnStdio(script, join(state, "sessions"))
