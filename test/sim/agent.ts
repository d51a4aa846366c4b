/**
 * An agent: a process of its own with a transcript on the disk. What a prompt says decides what it does:
 *
 *   [[slow 900]]  takes so many ms           [[perm]]   asks for a permission       [[flaky 2]]  fails so often first
 *   [[die]]       its process ends           [[fail]]   fails for good              [[items 5]]  shows so many items
 *   [[long 9000]] answers in so many characters
 */
import type { AttemptId, ItemId, RequestId } from "../../src/protocol/ids.ts"
import type { Answer, Outcome, ProviderEvent } from "../../src/protocol/session.ts"
import type { AgentDisk, Asked } from "./agent-disk.ts"
import type { FromAgent, LivingAgent, ToAgent } from "./agent-wire.ts"
import { type Event, machine, type Process } from "./machine.ts"

const marker = (text: string, name: string): number | null => {
  const found = new RegExp(`\\[\\[${name}(?: (\\d+))?\\]\\]`).exec(text)
  return found ? Number(found[1] ?? 1) : null
}

const tagOf = (text: string): string => /p\d+\./.exec(text)?.[0] ?? "?"

export class Agent implements LivingAgent {
  readonly process: Process
  readonly nativeId: string
  readonly #disk: AgentDisk
  #running: { readonly attempt: AttemptId; readonly text: string } | null = null
  #asking: Asked | null = null
  #waits: Event[] = []
  /** Where its output goes now; what nobody reads is lost, its transcript is not. */
  #listener: { readonly process: Process; hear(said: FromAgent): void } | null = null
  #lastIn = 0
  #lastOut = 0

  constructor(disk: AgentDisk, nativeId: string) {
    this.#disk = disk
    this.nativeId = nativeId
    this.process = machine().spawn("agent")
    disk.living.add(this)
    this.process.onGone = () => {
      disk.living.delete(this)
      this.#say({ kind: "gone" })
    }
  }

  get running(): AttemptId | null {
    return this.#running?.attempt ?? null
  }

  /** What it waits for, as it says it again to every client that comes back. */
  get asks(): Extract<ProviderEvent, { kind: "request.opened" }> | null {
    return this.#running && this.#asking?.isOpen ? asking(this.#running.attempt, this.#asking.request) : null
  }

  attach(process: Process, hear: (said: FromAgent) => void): void {
    this.#listener = { process, hear }
  }

  /** A pipe: in order, and it holds what the reader has not taken. */
  tell(line: ToAgent): void {
    machine().step("write", `agent ${line.kind}`, () => {
      const { now } = machine()
      this.#lastIn = Math.max(this.#lastIn, now + machine().delay(0.05, 40))
      machine().schedule(this.process, this.#lastIn - now, () => this.#hear(line))
    })
  }

  #say(said: FromAgent): void {
    const listener = this.#listener
    if (!listener) return
    const { now } = machine()
    this.#lastOut = Math.max(this.#lastOut, now + machine().delay(0.05, 10))
    machine().schedule(listener.process, this.#lastOut - now, () => {
      if (this.#listener === listener) listener.hear(said)
    })
  }

  #emit(event: ProviderEvent): void {
    this.#say({ kind: "event", event })
  }

  #hear(line: ToAgent): void {
    switch (line.kind) {
      case "prompt":
        return this.#begin(line.attempt, line.text)
      case "steer":
        return this.#steer(line)
      case "answer":
        return this.#answered(line.request, line.answer)
      case "interrupt":
        if (this.#running) this.#end({ kind: "stopped", text: "" })
    }
  }

  #begin(attempt: AttemptId, text: string): void {
    const tag = tagOf(text)
    if (this.#running) this.#disk.faults.push(`${tag} was given to an agent that is at work`)
    const transcript = this.#disk.transcript(this.nativeId)
    if (transcript.has(attempt)) this.#disk.faults.push(`${tag} was given twice under one attempt`)
    machine().trace(`agent consumes ${tag}`)
    transcript.set(attempt, { text, ended: null })
    this.#running = { attempt, text }
    const failed = this.#disk.failures.get(tag) ?? 0
    const isFlaky = failed < (marker(text, "flaky") ?? 0)
    if (isFlaky) this.#disk.failures.set(tag, failed + 1)
    else this.#disk.consumed.push({ tag, text, attempt, how: "send" })
    this.#emit({ kind: "attempt.accepted", attempt })
    const random = machine().random
    const total = marker(text, "slow") ?? random.between(5, 200)
    const items = marker(text, "items") ?? random.between(0, 2)
    for (let index = 0; index < items; index += 1) {
      const at = (total * (index + 1)) / (items + 1)
      this.#wait(at / 2, () =>
        this.#say({ kind: "delta", attempt, item: `m${index}`, text: "thinking about it " }),
      )
      this.#wait(at, () => this.#item(attempt, index))
    }
    this.#wait(total, () => {
      if (isFlaky)
        this.#end({
          kind: "failed",
          failure: { class: random.pick(["transport", "capacity", "empty_response"] as const) },
          text: "",
        })
      else if (marker(text, "die") !== null) machine().kill(this.process, "as the prompt said")
      else if (marker(text, "fail") !== null)
        this.#end({ kind: "failed", failure: { class: "refused" }, text: "" })
      else if (marker(text, "perm") !== null) this.#askFirst(attempt, tag)
      else this.#finish("")
    })
  }

  #item(attempt: AttemptId, index: number): void {
    const item = {
      kind: "command",
      id: `m${index}` as ItemId,
      status: "completed",
      command: "ls",
      output: "a b c",
      exitCode: 0,
    } as const
    this.#emit({ kind: "item", attempt, item })
  }

  #askFirst(attempt: AttemptId, tag: string): void {
    const request = machine().uuid() as RequestId
    this.#asking = { request, tag, answers: [], isOpen: true }
    this.#disk.asked.push(this.#asking)
    this.#emit(asking(attempt, request))
  }

  #answered(request: RequestId, answer: Answer): void {
    const asking = this.#asking
    const attempt = this.#running?.attempt
    if (!asking?.isOpen || asking.request !== request || !attempt) return
    asking.isOpen = false
    const option = answer.kind === "option" ? answer.option : answer.kind
    asking.answers.push(option)
    this.#wait(machine().random.between(5, 100), () =>
      this.#finish(option === "yes" ? " (allowed)" : " (denied)"),
    )
  }

  #steer({ id, attempt, text }: Extract<ToAgent, { kind: "steer" }>): void {
    const isTaken = this.#running?.attempt === attempt
    if (isTaken) {
      machine().trace(`agent takes ${tagOf(text)} in`)
      this.#disk.consumed.push({ tag: tagOf(text), text, attempt, how: "steer" })
    }
    this.#say({ kind: "steered", id, outcome: isTaken ? "steered" : "too_late" })
  }

  #finish(suffix: string): void {
    const text = this.#running?.text ?? ""
    const answer = `echo: ${tagOf(text)} ${/v\d+/.exec(text)?.[0] ?? ""}${suffix}`
    const length = marker(text, "long") ?? 0
    this.#end({
      kind: "completed",
      text: length > 0 ? `${answer}\n${"lorem ipsum ".repeat(length / 12)}` : answer,
    })
  }

  #end(outcome: Outcome): void {
    const running = this.#running
    if (!running) return
    for (const wait of this.#waits.splice(0)) wait.run = null
    this.#running = null
    if (this.#asking) this.#asking.isOpen = false
    this.#asking = null
    const entry = this.#disk.transcript(this.nativeId).get(running.attempt)
    if (entry) entry.ended = outcome
    this.#emit({ kind: "attempt.ended", attempt: running.attempt, outcome })
  }

  #wait(ms: number, run: () => void): void {
    this.#waits.push(machine().schedule(this.process, ms, run))
  }
}

function asking(attempt: AttemptId, request: RequestId): Extract<ProviderEvent, { kind: "request.opened" }> {
  const options = [
    { id: "yes", effect: "allow_once" },
    { id: "no", effect: "deny" },
  ] as const
  const body = {
    kind: "approval",
    subject: "command",
    title: "make",
    command: "make",
    acceptsReason: true,
    options,
  } as const
  return { kind: "request.opened", attempt, request, body }
}
