/**
 * A tiny agent for tests of the host: does what the prompt's script says, and keeps a transcript that cannot lie:
 * every prompt it takes is appended to a file before anything else happens.
 * `node scripted-agent.ts TRANSCRIPT [SOCKET]`: lines over stdio, or over a socket that outlives its client.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, existsSync, watch } from "node:fs"
import { createServer, type Socket } from "node:net"
import { dirname, join } from "node:path"
import { splitLines } from "../../src/platform/lines.ts"
import type { AgentLine, Step, ToAgent } from "./script.ts"

const [transcript = "", socketPath] = process.argv.slice(2)
const answers = new Map<string, () => void>()
let isInterrupted = false
let running: string | null = null
let say: (line: AgentLine) => void = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`)

function hear(text: string): void {
  const line: ToAgent = JSON.parse(text)
  if (line.kind === "prompt") void perform(line.attempt, line.steps)
  else if (line.kind === "interrupt") isInterrupted = true
  else if (line.kind === "answer") answers.get(line.request)?.()
  else if (line.kind === "steer" && running) note(`steered ${running} ${line.text}`)
}

async function perform(attempt: string, steps: readonly Step[]): Promise<void> {
  note(`consumed ${attempt}`)
  running = attempt
  for (const step of steps) await act(attempt, step)
  running = null
}

function note(line: string): void {
  appendFileSync(transcript, `${line}\n`)
}

async function act(attempt: string, step: Step): Promise<void> {
  switch (step.do) {
    case "hold":
    case "later":
      return
    case "wait":
      return gate(step.gate)
    case "ask":
      await ask(attempt, step.request)
      return
    case "spawn":
      return spawnSleeper(attempt, step.how)
    case "stream":
      return stream(attempt, step)
    case "environment":
      say({ kind: "did", attempt, step, result: JSON.stringify(process.env) })
      return
    case "die":
      process.exit(1)
      return
    case "end":
      note(`ended ${attempt} ${step.text}`)
      say({ kind: "did", attempt, step })
      return
    default:
      say({ kind: "did", attempt, step })
  }
}

async function stream(attempt: string, { id, bytes, times }: Extract<Step, { do: "stream" }>): Promise<void> {
  const text = "x".repeat(bytes)
  for (let n = 0; n < times; n++) {
    say({ kind: "did", attempt, step: { do: "item", id: `${id}${n}`, status: "completed", text } })
    if (process.stdout.writableNeedDrain) await once(process.stdout, "drain")
  }
}

/** Until a file of that name appears beside the transcript. */
function gate(name: string): Promise<void> {
  const directory = dirname(transcript)
  const isOpen = () => existsSync(join(directory, name)) || isInterrupted
  return new Promise((resolve) => {
    const watcher = watch(directory, () => check())
    const timer = setInterval(() => check(), 100)
    const check = () => {
      if (!isOpen()) return
      watcher.close()
      clearInterval(timer)
      resolve()
    }
    check()
  })
}

function ask(attempt: string, request: string): Promise<void> {
  return new Promise((resolve) => {
    answers.set(request, () => {
      note(`answered ${request}`)
      resolve()
    })
    say({ kind: "did", attempt, step: { do: "ask", request } })
  })
}

/** `session`: leaves the process group and the session, as shells of real agents do. */
function spawnSleeper(attempt: string, how: "group" | "session"): void {
  const sleeper = spawn("sleep", ["1000"], { detached: how === "session", stdio: "ignore" })
  say({ kind: "did", attempt, step: { do: "spawn", how }, result: String(sleeper.pid) })
}

function serve(path: string): void {
  const unheard: AgentLine[] = []
  let client: Socket | null = null
  say = (line) => {
    if (client) client.write(`${JSON.stringify(line)}\n`)
    else unheard.push(line)
  }
  createServer((socket) => {
    client = socket
    const lines = splitLines(1 << 20, (line) => hear(line))
    socket.on("data", (chunk) => lines.push(chunk))
    socket.on("error", () => socket.destroy())
    socket.on("close", () => {
      if (client === socket) client = null
    })
    say({ kind: "hello", running })
    for (const line of unheard.splice(0)) say(line)
  }).listen(path)
}

if (socketPath) serve(socketPath)
else {
  const lines = splitLines(1 << 26, hear)
  process.stdin.on("data", (chunk) => lines.push(chunk))
  process.stdout.on("error", () => {})
  // It goes on without its host, as real agents may, until its test has cleaned up.
  setInterval(() => existsSync(dirname(transcript)) || process.exit(), 1_000)
}
