import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { beforeEach, describe, expect, it } from "vitest"
import { chatText } from "../../core/texts/chat.ts"
import type { Fact } from "../../protocol/facts.ts"
import { ItemId, RequestId, SessionId, TurnId } from "../../protocol/ids.ts"
import type { Item, PromptFile } from "../../protocol/session.ts"
import { Transcript } from "./transcript.ts"

const turn = TurnId.parse("7f0c2a4e-1111-4222-8333-444455556666")
const id = ItemId.parse("i1")

let stdout: PassThrough
let transcript: Transcript
let seq = 0
beforeEach(() => {
  stdout = new PassThrough()
  transcript = new Transcript({
    stdout,
    say: chatText("en"),
    describeOutcome: (outcome) => `<${outcome.kind}>`,
    showTime: () => "noon",
  })
})

const tell = (fact: Fact) =>
  transcript.event({
    stream: SessionId.parse("S001"),
    seq: ++seq,
    at: 0,
    recordedAt: 0,
    turn,
    attempt: null,
    fact,
  })
const file = { path: "/a.png", name: "a.png", mediaType: "image/png", size: 3 }
const queued = (text: string, files: readonly PromptFile[]) => {
  const about = { from: null, clientId: null, hold: null, behind: null }
  tell({ kind: "turn.queued", origin: "owner", prompt: { text, files }, ...about })
}
const answered = (request: RequestId, detail: string) =>
  tell({ kind: "request.answered", request, by: { surface: "test", detail }, answer: null })
const item = (value: Item) => tell({ kind: "item", item: value })
const live = (text: string) => transcript.live({ turn, item: id, channel: "message", at: 0, text })
const message = (text: string, status: Item["status"] = "completed") =>
  item({ kind: "message", id, status, text })
const shown = (): string => String(stdout.read() ?? "")

describe("the transcript", () => {
  it("lets a message grow, and ends its line once", () => {
    live("Hel")
    live("Hello")
    live("Hello wor")
    message("Hello world")
    tell({ kind: "turn.ended", outcome: { kind: "completed", text: "Hello world" } })
    expect(shown()).toBe("Hello world\n")
  })

  it("adds no empty line after a message that ends with one", () => {
    message("Hello\n")
    expect(shown()).toBe("Hello\n")
  })

  it("goes on with a message that something came between", () => {
    live("one")
    tell({ kind: "notice", notice: { code: "context_compacted" } })
    message("one two")
    expect(shown()).toBe("one\nThe agent has shortened its context.\n two\n")
  })

  it("writes a message again that turned out to be another", () => {
    live("draft")
    message("final")
    expect(shown()).toBe("draft\nfinal\n")
  })

  it("waits for the whole of a message of which only the end still comes", () => {
    live("one two")
    live("two three")
    live("three four")
    message("one two three four")
    expect(shown()).toBe("one two three four\n")
  })

  it("shows an answer that came without a message, and what became of a turn that did not go well", () => {
    tell({ kind: "turn.ended", outcome: { kind: "stopped", text: "as far as I got" } })
    expect(shown()).toBe("as far as I got\n<stopped>\n")
  })

  it("shows a command when it begins and its result when it ends", () => {
    const command = { kind: "command", id, command: "make", output: "a\nb\n" } as const
    item({ ...command, status: "running" })
    expect(shown()).toBe("$ make\n")
    item({ ...command, status: "failed", exitCode: 2 })
    expect(shown()).toBe("  a\n  b\n  exit 2\n")
  })

  it("shows the end of a long output and how much is missing", () => {
    const output = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n")
    item({ kind: "command", id, status: "completed", command: "seq", output, exitCode: 0 })
    expect(shown()).toMatch(/^\$ seq\n {2}… 12 more lines\n {2}line 12\n[\s\S]* {2}line 19\n$/)
  })

  it("shows prompts of other surfaces and not the one typed here", () => {
    transcript.typedHere(turn)
    queued("mine", [])
    queued("theirs", [file, file])
    expect(shown()).toBe("from another place\n› theirs [2 files]\n")
  })

  it("tells who answered, unless it was the owner here", () => {
    const request = RequestId.parse("r1")
    answered(request, "Telegram")
    transcript.answeredHere(request)
    answered(request, "terminal")
    expect(shown()).toBe("Answered by: Telegram\n")
  })

  it("leaves out what was superseded", () => {
    message("never mind", "dropped")
    expect(shown()).toBe("")
  })

  it("explains in the owner's language, and passes on what an agent says itself", () => {
    const say = chatText("ko")
    transcript = new Transcript({ stdout, say, describeOutcome: () => "", showTime: () => "12:00" })
    const reason = { code: "sandbox_cannot_start", agent: "Codex" } as const
    tell({ kind: "notice", notice: { code: "sandbox_unusable", detail: "", reason } })
    tell({ kind: "notice", notice: { code: "warning", detail: "Deprecated." } })
    tell({ kind: "turn.held", hold: { kind: "limit", until: 1, failure: { class: "capacity" } } })
    expect(stripVTControlCharacters(shown()).split("\n")).toEqual([
      say("reason.sandbox_cannot_start", { agent: "Codex" }),
      "Deprecated.",
      say("chat.held", { time: "12:00", reason: say("class.capacity") }),
      "",
    ])
  })

  it("lets no agent drive the terminal", () => {
    const attack = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202ereversed"
    live(attack)
    message(attack)
    item({ kind: "command", id: ItemId.parse("i2"), status: "completed", command: attack, output: attack })
    item({ kind: "tool", id: ItemId.parse("i3"), status: "failed", name: attack, title: attack })
    item({
      kind: "file_change",
      id: ItemId.parse("i4"),
      status: "completed",
      changes: [{ path: attack, change: "add" }],
    })
    item({ kind: "image", id: ItemId.parse("i5"), status: "completed", path: attack, mediaType: "image/png" })
    tell({ kind: "notice", notice: { code: "warning", detail: attack } })
    tell({ kind: "turn.ended", outcome: { kind: "stopped", text: attack } })
    const text = shown()
    for (const control of ["\u001b", "\u0007", "\u009b", "\u202e"]) expect(text).not.toContain(control)
    expect(text).toContain("reversed")
  })
})
