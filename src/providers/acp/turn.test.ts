import { describe, expect, it } from "vitest"
import { AttemptId } from "../../protocol/ids.ts"
import type { Item, ProviderEvent } from "../../protocol/session.ts"
import { Turn } from "./turn.ts"
import { Update } from "./wire.ts"

const attempt = AttemptId.parse("00000000-0000-4000-8000-000000000001")
const says = (text: string, messageId?: string) => chunk("agent_message_chunk", text, messageId)
const thinks = (text: string) => chunk("agent_thought_chunk", text)
const chunk = (sessionUpdate: string, text: string, messageId?: string) => ({
  sessionUpdate,
  content: { type: "text", text },
  messageId,
})
const runs = (id: string, more: object = {}) => ({
  sessionUpdate: "tool_call_update",
  toolCallId: id,
  ...more,
})

/** What a turn tells of these updates: its events and its deltas as `item: text`. */
function tell(updates: readonly object[], foreign: readonly string[] = []) {
  const events: ProviderEvent[] = []
  const deltas: string[] = []
  const nothing = (): void => undefined
  const turn = new Turn({
    ...{ attempt, began: null },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing, keep: () => "log-1" },
    sink: {
      emit: (event) => events.push(event),
      delta: (_, item, _channel, text) => deltas.push(`${item}: ${text}`),
      closed: () => undefined,
    },
    foreignTools: new Set(foreign),
    saveImage: () => "/kept.png",
    onAccepted: () => undefined,
  })
  for (const update of updates) turn.update(Update.parse(update))
  const items = (): readonly Item[] => events.flatMap((event) => (event.kind === "item" ? [event.item] : []))
  return { turn, events, deltas, items }
}

const texts = (items: readonly Item[]): readonly string[] =>
  items.flatMap((item) => (item.kind === "message" && item.status === "completed" ? [item.text] : []))

describe("a turn's text", () => {
  it.each<[string, readonly object[], readonly string[], string]>([
    ["joins chunks", [says("a"), says("b")], ["ab"], "ab"],
    ["begins anew after a tool call", [says("look"), runs("t"), says("done")], ["look", "done"], "done"],
    ["begins anew with another message id", [says("a", "1"), says("b", "2")], ["a", "b"], "b"],
    [
      "goes on while a known tool goes on",
      [runs("t"), says("a"), runs("t", { status: "completed" }), says("b")],
      ["ab"],
      "ab",
    ],
    ["keeps reasoning apart", [says("a"), thinks("hm"), says("b")], ["a", "b"], "b"],
    ["is the last message that says something", [says("a"), runs("t"), says("\n")], ["a", "\n"], "a"],
  ])("%s", (_, updates, messages, answer) => {
    const { turn, items, events } = tell(updates)
    turn.end((text) => ({ kind: "completed", text }))
    expect(texts(items())).toEqual(messages)
    expect(events.at(-1)).toEqual({
      kind: "attempt.ended",
      attempt,
      outcome: { kind: "completed", text: answer },
    })
  })
})

describe("a turn's tool calls", () => {
  it("stream growing output as deltas, not as ever longer items", () => {
    const output = (text: string) => [{ type: "content", content: { type: "text", text } }]
    const { items, deltas } = tell([
      runs("t", { kind: "execute", title: "make", status: "in_progress" }),
      runs("t", { content: output("one\n") }),
      runs("t", { content: output("one\ntwo\n") }),
      runs("t", { content: output("one\ntwo\n"), status: "completed" }),
    ])
    expect(deltas).toEqual(["t: one\n", "t: two\n"])
    expect(items().map((item) => item.status)).toEqual(["running", "completed"])
    expect(items().at(-1)).toMatchObject({ kind: "command", command: "make", output: "one\ntwo\n" })
  })

  it.each([
    ["completed", "completed"],
    ["stopped", "interrupted"],
  ] as const)("left open are closed when it is %s: %s", (kind, status) => {
    const { turn, items } = tell([runs("t", { title: "x" })])
    turn.end((text) => ({ kind, text }))
    expect(items().at(-1)).toMatchObject({ id: "t", status })
  })

  it("that the owner refused are declined, not failed", () => {
    const { turn, items } = tell([runs("t", { title: "x" })])
    turn.deny("t")
    turn.update(Update.parse(runs("t", { status: "failed" })))
    expect(items().at(-1)).toMatchObject({ status: "declined" })
  })

  it("of an earlier turn are not of this one", () => {
    expect(tell([runs("old", { title: "x" })], ["old"]).items()).toEqual([])
  })
})

describe("a turn", () => {
  it("is accepted once, before anything else, and says nothing after its end", () => {
    const { turn, events } = tell([says("a")])
    turn.accept()
    turn.end((text) => ({ kind: "stopped", text }))
    turn.end((text) => ({ kind: "completed", text }))
    turn.update(Update.parse(says("late")))
    const kinds = events.map((event) => event.kind)
    expect(kinds).toEqual(["attempt.accepted", "item", "item", "attempt.ended"])
  })

  it("keeps images in their place and tells usage once, at the end", () => {
    const image = {
      sessionUpdate: "agent_message_chunk",
      content: { type: "image", data: "AA==", mimeType: "image/png" },
    }
    const usage = { sessionUpdate: "usage_update", used: 10, size: 0, cost: { amount: 0.5, currency: "USD" } }
    const { turn, events, items } = tell([says("see"), image, usage])
    turn.end((text) => ({ kind: "completed", text }))
    expect(items().map((item) => [item.kind, item.status])).toEqual([
      ["message", "running"],
      ["message", "completed"],
      ["image", "completed"],
    ])
    expect(events.at(-2)).toEqual({ kind: "usage", attempt, usage: { contextTokens: 10, costUsd: 0.5 } })
  })
})
