/** What survives every process: the agents' transcripts, and what the judge counts. */
import type { RequestId } from "../../src/protocol/ids.ts"
import type { Outcome } from "../../src/protocol/session.ts"
import type { LivingAgent } from "./agent-wire.ts"
import { machine } from "./machine.ts"

/** Of one attempt, as the agent wrote it down. */
export interface Entry {
  readonly text: string
  ended: Outcome | null
}

export interface Consumed {
  readonly tag: string
  readonly text: string
  readonly attempt: string
  readonly how: "send" | "steer"
}

export interface Asked {
  readonly request: RequestId
  readonly tag: string
  readonly answers: string[]
  isOpen: boolean
}

export class AgentDisk {
  readonly transcripts = new Map<string, Map<string, Entry>>()
  readonly consumed: Consumed[] = []
  readonly asked: Asked[] = []
  readonly faults: string[] = []
  readonly living = new Set<LivingAgent>()
  /** How often a prompt failed on purpose. */
  readonly failures = new Map<string, number>()
  readonly survives: boolean

  constructor({ survives }: { readonly survives: boolean }) {
    this.survives = survives
  }

  transcript(nativeId: string): Map<string, Entry> {
    const known = this.transcripts.get(nativeId)
    if (known) return known
    const fresh = new Map<string, Entry>()
    this.transcripts.set(nativeId, fresh)
    return fresh
  }

  /** What a new host does first: agents that were not made to outlive theirs are ended. */
  endOrphans(): void {
    if (!this.survives) for (const agent of [...this.living]) machine().kill(agent.process, "an orphan")
  }
}
