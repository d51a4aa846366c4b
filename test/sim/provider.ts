/** The adapter that drives the simulated agents through the real provider port, inside the host's process. */
import { ProviderError } from "../../src/core/provider-error.ts"
import type { AttemptId, ProviderId } from "../../src/protocol/ids.ts"
import type { Capabilities, Prompt, SessionSpec } from "../../src/protocol/session.ts"
import type {
  EventSink,
  Provider,
  ProviderContext,
  ProviderSession,
  Recovery,
  SteerOutcome,
} from "../../src/providers/provider.ts"
import { Agent } from "./agent.ts"
import type { AgentDisk, Entry } from "./agent-disk.ts"
import type { LivingAgent } from "./agent-wire.ts"
import { Killed, machine } from "./machine.ts"

const capabilities: Capabilities = {
  ...{ steer: true, fork: false, resume: true, listNative: false, approvals: true, questions: false },
  ...{ planMode: false, images: false, effort: false, sandbox: [], provesConsumption: true },
}

export function createSimProvider(id: ProviderId, _context: ProviderContext, disk: AgentDisk): Provider {
  return {
    ...{ id, label: "Simulated", capabilities, modes: [] },
    probe: async () => ({
      provider: id,
      label: "Simulated",
      state: "ready",
      remedies: [],
      capabilities,
      modes: [],
    }),
    models: async () => [],
    listNative: async () => [],
    open: async (spec, sink) => {
      await pause(machine().delay(2, 300))
      mustLive()
      const nativeId = spec.nativeId ?? machine().uuid()
      const living = [...disk.living].find((agent) => agent.nativeId === nativeId)
      if (living && !disk.survives) disk.faults.push(`${spec.session} was opened twice at once`)
      return attach(living ?? new Agent(disk, nativeId), sink)
    },
    recover: async (spec, attempt, sink) => {
      await pause(machine().delay(2, 300))
      return recover(disk, spec, attempt, sink)
    },
    close: async () => undefined,
  }
}

function recover(disk: AgentDisk, spec: SessionSpec, attempt: AttemptId, sink: EventSink): Recovery {
  const entry = spec.nativeId === null ? find(disk, attempt) : disk.transcript(spec.nativeId).get(attempt)
  const living = [...disk.living].find((agent) => agent.running === attempt)
  if (!entry) return { kind: "not_consumed" }
  if (entry.ended) return { kind: "ended", outcome: entry.ended }
  return living && disk.survives ? { kind: "live", session: attach(living, sink) } : { kind: "unknown" }
}

/** A transcript whose name was never told is looked for by the attempt's id, as the real adapters do. */
function find(disk: AgentDisk, attempt: AttemptId): Entry | undefined {
  for (const transcript of disk.transcripts.values()) {
    const entry = transcript.get(attempt)
    if (entry) return entry
  }
  return undefined
}

function attach(agent: LivingAgent, sink: EventSink): ProviderSession {
  const accepted = new Map<AttemptId, PromiseWithResolvers<void>>()
  const steers = new Map<number, PromiseWithResolvers<SteerOutcome>>()
  // An answer given while the agent is taken over must find what it answers.
  const { asks } = agent
  const open = new Set(asks === null ? [] : [asks.request])
  if (asks !== null) sink.emit(asks)
  let running: AttemptId | null = agent.running
  let isGone = false
  let steerId = 0
  agent.attach(machine().current, (said) => {
    switch (said.kind) {
      case "delta":
        return sink.delta(said.attempt, said.item, "message", said.text)
      case "steered":
        return steers.get(said.id)?.resolve(said.outcome)
      case "gone": {
        isGone = true
        for (const waiting of [...accepted.values(), ...steers.values()])
          waiting.reject(new Error("the agent is gone"))
        return sink.closed("the agent's process ended")
      }
      case "event": {
        const { event } = said
        if (event.kind === "attempt.accepted") accepted.get(event.attempt)?.resolve()
        if (event.kind === "request.opened") open.add(event.request)
        if (event.kind === "request.closed") open.delete(event.request)
        if (event.kind === "attempt.ended") {
          running = null
          open.clear()
        }
        sink.emit(event)
      }
    }
  })
  return {
    nativeId: agent.nativeId,
    configure: async () => undefined,
    async send(prompt: Prompt, attempt) {
      if (isGone) throw new ProviderError({ class: "transport" })
      const waiting = Promise.withResolvers<void>()
      waiting.promise.catch(() => undefined)
      accepted.set(attempt, waiting)
      running = attempt
      agent.tell({ kind: "prompt", attempt, text: prompt.text })
      await waiting.promise
    },
    async steer(prompt, attempt) {
      if (isGone) return "too_late"
      steerId += 1
      const waiting = Promise.withResolvers<SteerOutcome>()
      waiting.promise.catch(() => undefined)
      steers.set(steerId, waiting)
      agent.tell({ kind: "steer", id: steerId, attempt, text: prompt.text })
      return await waiting.promise
    },
    async interrupt() {
      agent.tell({ kind: "interrupt" })
    },
    async answer(request, answer) {
      if (isGone || !open.has(request)) return "gone"
      open.delete(request)
      // As the adapter of Codex does: what is told first can be told again, what was handed over cannot.
      if (running !== null) sink.emit({ kind: "request.closed", attempt: running, request, why: "answered" })
      agent.tell({ kind: "answer", request, answer })
      return "answered"
    },
    async close() {
      mustLive()
      if (running !== null && !isGone)
        sink.emit({ kind: "attempt.ended", attempt: running, outcome: { kind: "stopped", text: "" } })
      isGone = true
      machine().kill(agent.process, "closed")
    },
  }
}

/** What a dead host still tries does nothing. */
function mustLive(): void {
  if (!machine().current.isAlive) throw new Killed()
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
