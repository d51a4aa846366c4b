import { describe, expect, it } from "vitest"
import { AttemptId } from "../../protocol/ids.ts"
import { newestPrompt, outcomeInTranscript } from "./consumption.ts"

const attempt = AttemptId.parse("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
const prompt = { type: "user", uuid: attempt, promptSource: "sdk", message: { content: "go" } }
const says = (text: string, stop_reason: string, more: object = {}) => ({
  type: "assistant",
  message: { content: [{ type: "text", text }], stop_reason },
  ...more,
})
const thinks = (stop_reason: string) => ({
  type: "assistant",
  message: { content: [{ type: "thinking", thinking: "…" }], stop_reason },
})
const result = { type: "user", message: { content: [{ type: "tool_result", content: "ok" }] } }
const queue = (operation: string) => ({ type: "queue-operation", operation })
const later = (promptSource: string) => ({
  type: "user",
  uuid: "b",
  promptSource,
  message: { content: "more" },
})

async function* backwards(lines: readonly object[]) {
  for (const line of lines.toReversed()) yield JSON.stringify(line)
}

const outcome = (...lines: readonly object[]) => outcomeInTranscript(backwards(lines), attempt)

describe("newestPrompt", () => {
  const newest = (...lines: readonly object[]) => newestPrompt(backwards(lines))

  it.each([
    ["ours", [prompt, says("done", "end_turn")], attempt],
    ["one typed in a terminal", [prompt, says("done", "end_turn"), later("typed"), result], "b"],
    ["not what Claude Code tells itself", [prompt, { ...later("system"), uuid: "c" }], attempt],
    ["not what a subagent was told", [prompt, { ...later("sdk"), isSidechain: true }], attempt],
    ["not the result of a tool", [prompt, { ...result, uuid: "d" }], attempt],
    ["none before the first", [queue("enqueue")], null],
  ] as const)("is %s", async (_, lines, expected) => {
    expect(await newest(...lines)).toBe(expected)
  })
})

describe("outcomeInTranscript", () => {
  it("is null for a prompt that is not there, even if its text is", async () => {
    expect(await outcome({ ...prompt, uuid: "other" }, says("done", "end_turn"))).toBeNull()
    expect(await outcome({ ...queue("enqueue"), content: "go" })).toBeNull()
  })

  it("is completed only with the final text", async () => {
    const consumed = { kind: "indeterminate", consumed: "yes" }
    expect(await outcome(prompt)).toMatchObject(consumed)
    expect(await outcome(prompt, says("let me look", "tool_use"))).toEqual({
      ...consumed,
      text: "let me look",
    })
    expect(await outcome(prompt, says("let me look", "tool_use"), result)).toMatchObject(consumed)
    expect(await outcome(prompt, says("first", "tool_use"), result, thinks("end_turn"))).toMatchObject(
      consumed,
    )
    expect(await outcome(prompt, says("first", "tool_use"), result, says("done", "end_turn"))).toEqual({
      kind: "completed",
      text: "done",
    })
  })

  it("is stopped or failed when the transcript says so", async () => {
    const interrupted = {
      type: "user",
      message: { content: [{ type: "text", text: "[Request interrupted by user]" }] },
    }
    expect(await outcome(prompt, interrupted)).toEqual({ kind: "stopped", text: "" })
    const error = says("Not logged in", "stop_sequence", {
      isApiErrorMessage: true,
      error: "authentication_failed",
    })
    expect(await outcome(prompt, error)).toMatchObject({ kind: "failed", failure: { class: "auth" } })
  })

  it("includes what was steered in, and nothing that was asked later", async () => {
    const done = says("one", "end_turn")
    const steered = [prompt, queue("enqueue"), done, queue("dequeue"), later("sdk"), says("two", "end_turn")]
    expect(await outcome(...steered)).toEqual({ kind: "completed", text: "one\n\ntwo" })
    expect(await outcome(...steered.slice(0, -1))).toMatchObject({ kind: "indeterminate" })
    const next = [queue("enqueue"), queue("dequeue"), later("sdk"), says("two", "end_turn")]
    expect(await outcome(prompt, done, ...next)).toEqual({ kind: "completed", text: "one" })
    expect(await outcome(prompt, ...next)).toMatchObject({ kind: "indeterminate" })
    expect(await outcome(prompt, done, later("typed"), says("two", "end_turn"))).toMatchObject({
      text: "one",
    })
  })

  it("ignores subagents and half a line", async () => {
    const lines = [prompt, says("sub", "end_turn", { isSidechain: true })].map((line) => JSON.stringify(line))
    async function* torn() {
      yield '{"type":"assistant","mess'
      yield* lines.toReversed()
    }
    expect(await outcomeInTranscript(torn(), attempt)).toMatchObject({ kind: "indeterminate" })
  })
})
