/**
 * Drives the scripted agent; its settings say how. `mode` "survive": it outlives the host. `model` "hold:<gate>": it
 * opens when the gate does; "refuse": it does not open; "mute": a close says nothing of the running turn.
 */
import { randomUUID } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { ProviderError } from "../../src/core/provider-error.ts"
import { splitLines } from "../../src/platform/lines.ts"
import type { AttemptId, ItemId, ProviderId, RequestId } from "../../src/protocol/ids.ts"
import type { Capabilities, Item, SessionSpec } from "../../src/protocol/session.ts"
import type {
  EventSink,
  Provider,
  ProviderContext,
  ProviderSession,
  Recovery,
} from "../../src/providers/provider.ts"
import type { AgentLine, Step, ToAgent } from "./script.ts"

const capabilities: Capabilities = {
  ...{ steer: true, fork: false, resume: true, listNative: false, approvals: true, questions: false },
  ...{ planMode: false, images: false, effort: false, sandbox: [], provesConsumption: true },
}

export function createScriptedProvider(context: ProviderContext): Provider {
  const id = "demo" as ProviderId
  return {
    ...{ id, label: "Scripted", capabilities, modes: [] },
    probe: async () => ({
      ...{ provider: id, label: "Scripted", state: "ready", remedies: [], capabilities, modes: [] },
    }),
    models: async () => [{ id: "one", label: "One", isDefault: true, efforts: [] }],
    listNative: async () => [],
    open: async (spec, sink) => {
      if (spec.settings.model?.startsWith("hold:")) await gate(spec, spec.settings.model.slice(5))
      if (spec.settings.model === "refuse") throw new ProviderError({ class: "auth" })
      return openSession(context, spec, sink)
    },
    recover: (spec, attempt, sink) => recover(context, { spec, attempt, sink }),
    close: async () => {},
  }
}

const transcriptOf = (spec: SessionSpec) => join(spec.workspace, "transcript")
const socketOf = (spec: SessionSpec) => join(spec.workspace, "agent.sock")

async function gate(spec: SessionSpec, name: string): Promise<void> {
  writeFileSync(join(spec.workspace, `${name}.reached`), "")
  while (!existsSync(join(spec.workspace, name))) await delay(10)
}

async function recover(
  context: ProviderContext,
  { spec, attempt, sink }: { spec: SessionSpec; attempt: AttemptId; sink: EventSink },
): Promise<Recovery> {
  const transcript = existsSync(transcriptOf(spec))
    ? readFileSync(transcriptOf(spec), "utf8").split("\n")
    : []
  const end = transcript.find((line) => line.startsWith(`ended ${attempt}`))
  if (!transcript.includes(`consumed ${attempt}`)) return { kind: "not_consumed" }
  if (spec.settings.mode === "survive") {
    const session = await attach(context, spec, sink)
    return { kind: "live", session }
  }
  if (end)
    return { kind: "ended", outcome: { kind: "completed", text: end.slice(`ended ${attempt} `.length) } }
  return { kind: "unknown" }
}

async function openSession(
  context: ProviderContext,
  spec: SessionSpec,
  sink: EventSink,
): Promise<ProviderSession> {
  const survive = spec.settings.mode === "survive"
  const agent = join(import.meta.dirname, "scripted-agent.ts")
  const child = await context.supervisor.spawn({
    ...{ command: process.execPath, cwd: spec.workspace, env: {}, inherit: [], label: "scripted agent" },
    args: [agent, transcriptOf(spec), ...(survive ? [socketOf(spec)] : [])],
    survivesHost: survive,
  })
  if (survive) return attach(context, spec, sink)
  child.onLine((line) => tell(sink, JSON.parse(line)))
  void child.exited.then(() => sink.closed("The agent's process ended."))
  return session(spec, sink, { write: (line) => child.writeLine(line), close: () => child.kill(200) })
}

interface Wire {
  write(line: string): Promise<void>
  close(): Promise<void>
}

async function attach(
  context: ProviderContext,
  spec: SessionSpec,
  sink: EventSink,
): Promise<ProviderSession> {
  const socket = await connectWhenThere(socketOf(spec))
  const lines = splitLines(1 << 26, (line) => tell(sink, JSON.parse(line)))
  socket.on("data", (chunk) => lines.push(chunk))
  socket.on("error", () => socket.destroy())
  socket.on("close", context.valve.attach(socket))
  return session(spec, sink, {
    write: async (line) => void socket.write(`${line}\n`),
    close: async () => void socket.destroy(),
  })
}

async function connectWhenThere(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path)
    const isConnected = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true))
      socket.once("error", () => resolve(false))
    })
    if (isConnected) return socket
    await delay(10)
  }
}

function session(spec: SessionSpec, sink: EventSink, wire: Wire): ProviderSession {
  const send = (line: ToAgent) => wire.write(JSON.stringify(line))
  const nativeId = spec.nativeId ?? `native-${spec.session}`
  let running: AttemptId | null = null
  return {
    nativeId,
    configure: async () => {},
    async send(prompt, attempt) {
      const steps: Step[] = JSON.parse(prompt.text)
      running = attempt
      for (const step of steps) if (step.do === "hold") await gate(spec, step.gate)
      for (const step of steps) if (step.do === "later") void workLater(spec, sink, step.gate)
      await send({ kind: "prompt", attempt, steps })
      if (steps.some((step) => step.do === "accept")) await accepted(sink, attempt)
    },
    async steer(prompt) {
      await send({ kind: "steer", text: prompt.text })
      return "steered"
    },
    interrupt: () => send({ kind: "interrupt" }),
    async answer(request, _answer) {
      await send({ kind: "answer", request })
      return "answered"
    },
    async close() {
      if (running && spec.settings.model !== "mute") {
        sink.emit({ kind: "attempt.ended", attempt: running, outcome: { kind: "stopped", text: "" } })
      }
      await wire.close()
    },
  }
}

async function workLater(spec: SessionSpec, sink: EventSink, name: string): Promise<void> {
  await gate(spec, name)
  const attempt = randomUUID() as AttemptId
  sink.emit({ kind: "attempt.began", attempt, reason: "a task of its own is over" })
  sink.emit({ kind: "attempt.ended", attempt, outcome: { kind: "completed", text: "the build is done" } })
}

/** Acceptances awaited by `send`, by attempt. */
const waiting = new Map<string, () => void>()

function accepted(_sink: EventSink, attempt: string): Promise<void> {
  return new Promise((resolve) => waiting.set(attempt, resolve))
}

function tell(sink: EventSink, line: AgentLine): void {
  if (line.kind === "hello") return
  const attempt = line.attempt as AttemptId
  const item = (id: string, status: Item["status"], text: string) =>
    sink.emit({ kind: "item", attempt, item: { kind: "message", id: id as ItemId, status, text } })
  const { step } = line
  switch (step.do) {
    case "accept":
      sink.emit({ kind: "attempt.accepted", attempt })
      waiting.get(attempt)?.()
      break
    case "item":
      item(step.id, step.status, step.text)
      break
    case "filler":
      for (let n = 0; n < step.times; n++) item(`${step.id}${n}`, "completed", "x".repeat(step.bytes))
      break
    case "delta":
      for (let n = 0; n < step.times; n++) sink.delta(attempt, step.item, "message", step.text)
      break
    case "ask":
      ask(sink, attempt, step.request as RequestId)
      break
    case "spawn":
    case "environment":
      item(step.do, "completed", line.result ?? "")
      break
    case "end":
      sink.emit({ kind: "attempt.ended", attempt, outcome: { kind: "completed", text: step.text } })
      break
    case "hold":
    case "later":
    case "wait":
    case "stream":
    case "die":
      break
  }
}

function ask(sink: EventSink, attempt: AttemptId, request: RequestId): void {
  sink.emit({
    ...{ kind: "request.opened", attempt, request },
    body: {
      ...{ kind: "approval", subject: "command", title: "ls", acceptsReason: false },
      options: [{ id: "yes", effect: "allow_once" }],
    },
  })
}
