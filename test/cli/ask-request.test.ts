import { describe, expect, it } from "vitest"
import { askRequest, type OpenRequest } from "../../src/cli/chat/ask-request.ts"
import { chatText } from "../../src/core/texts/chat.ts"
import { RequestId } from "../../src/protocol/ids.ts"
import type { RequestBody } from "../../src/protocol/session.ts"
import { Person } from "./person.ts"

const down = "\u001b[B"
const up = "\u001b[A"
const enter = "\r"

function ask(body: RequestBody) {
  const person = new Person()
  const gone = new AbortController()
  const request: OpenRequest = { id: RequestId.parse("r1"), version: 1, body }
  const answer = askRequest(request, {
    say: chatText("en"),
    workspace: "/work",
    signal: gone.signal,
    input: person.input,
    output: person.output,
  })
  return { person, answer, gone }
}

const approval: RequestBody = {
  kind: "approval",
  subject: "command",
  title: "rm -r build",
  command: "rm -r build",
  cwd: "/work/project",
  reason: "It is in the way",
  acceptsReason: true,
  options: [
    { id: "yes", effect: "allow_once" },
    { id: "rule", effect: "allow_always", scope: "rm -r" },
    { id: "no", effect: "deny" },
  ],
}

describe("asking for an approval", () => {
  it("shows what it is about and takes the option chosen", async () => {
    const { person, answer } = ask(approval)
    await person.sees(/The agent asks: rm -r build/)
    await person.sees(
      /Take care: deletes whole directories[\s\S]*in \/work\/project[\s\S]*1\. Always allow: rm -r/,
    )
    await person.sees(/It is in the way/)
    await person.sees(/What may it do/)
    person.presses(up)
    person.presses(enter)
    expect(await answer).toEqual({ kind: "option", option: "rule" })
  })

  it("asks why when it is denied, and tells the agent only what was said", async () => {
    const { person, answer } = ask(approval)
    await person.sees(/Deny, and go on/)
    person.presses(enter)
    await person.sees(/Tell the agent why/)
    person.presses("keep it\r")
    expect(await answer).toEqual({ kind: "option", option: "no", reason: "keep it" })
  })

  it("needs no reason", async () => {
    const { person, answer } = ask(approval)
    await person.sees(/Deny, and go on/)
    person.presses(enter)
    await person.sees(/Tell the agent why/)
    person.presses(enter)
    expect(await answer).toEqual({ kind: "option", option: "no" })
  })

  it("gives no answer at Ctrl-C", async () => {
    const { person, answer } = ask(approval)
    await person.sees(/What may it do/)
    person.presses("\u0003")
    expect(await answer).toBeNull()
  })

  it("takes the question back when it was answered elsewhere", async () => {
    const { person, answer, gone } = ask(approval)
    await person.sees(/What may it do/)
    gone.abort()
    expect(await answer).toBeNull()
  })
})

describe("asking questions", () => {
  const options = [{ label: "Red" }, { label: "Blue", description: "like the sky" }]

  it("collects one choice, several choices and own words", async () => {
    const { person, answer } = ask({
      kind: "question",
      questions: [
        { id: "one", text: "Which colour?", options, multiple: false, freeText: false },
        { id: "many", text: "Which ones?", options, multiple: true, freeText: false },
        { id: "own", text: "Which else?", options, multiple: false, freeText: true },
        { id: "free", text: "Your name?", options: [], multiple: false, freeText: true },
      ],
    })
    await person.sees(/Which colour[\s\S]*Blue/)
    person.presses(down)
    person.presses(enter)
    await person.sees(/Which ones[\s\S]*Blue/)
    person.presses(" ")
    person.presses(down)
    person.presses(" ")
    person.presses(enter)
    await person.sees(/Which else[\s\S]*Something else/)
    person.presses(down + down)
    person.presses(enter)
    await person.sees(/Your answer/)
    person.presses("Green\r")
    await person.sees(/Your name/)
    person.presses("Ada\r")
    expect(await answer).toEqual({
      kind: "answers",
      answers: { one: ["Blue"], many: ["Red", "Blue"], own: ["Green"], free: ["Ada"] },
    })
  })

  it("does not show a secret while it is typed", async () => {
    const { person, answer } = ask({
      kind: "question",
      questions: [{ id: "key", text: "Key?", options: [], multiple: false, freeText: true, secret: true }],
    })
    await person.sees(/Key\?/)
    person.presses("hunter2\r")
    expect(await answer).toEqual({ kind: "answers", answers: { key: ["hunter2"] } })
    expect(person.everythingShown).not.toContain("hunter2")
  })
})
