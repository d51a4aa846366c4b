import { describe, expect, it } from "vitest"
import { RequestBody } from "../../protocol/session.ts"
import { CANCELLED, isRefusal, permissionResponse, readPermission } from "./permission.ts"
import { mergeToolCall } from "./tool-item.ts"
import { ToolCallPatch } from "./wire.ts"

const call = (patch: object) => mergeToolCall(undefined, ToolCallPatch.parse({ toolCallId: "t1", ...patch }))
const once = { optionId: "o", name: "Allow", kind: "allow_once" }
const always = { optionId: "a", name: "Always allow echo *", kind: "allow_always" }
const reject = { optionId: "r", name: "Reject", kind: "reject_once" }
const plain = { label: "Echo", rejectEndsTurn: false, subagent: null }
const permissionBody = (...asked: Parameters<typeof readPermission>): RequestBody => {
  const read = readPermission(...asked)
  if (read.kind !== "question") throw new Error(`denied: ${JSON.stringify(read.reason)}`)
  return read.body
}

describe("a permission request", () => {
  it("matches options by kind and keeps the agent's words where the kind hides what is granted", () => {
    const body = permissionBody(
      call({ kind: "execute", rawInput: { command: "ls -l" } }),
      [always, once, reject],
      plain,
    )
    expect(RequestBody.parse(body)).toMatchObject({
      kind: "approval",
      subject: "command",
      title: "ls -l",
      command: "ls -l",
      options: [
        { id: "a", effect: "allow_always", label: "Always allow echo *" },
        { id: "o", effect: "allow_once" },
        { id: "r", effect: "deny" },
      ],
    })
  })

  it("tells apart options that share a kind by their words", () => {
    const project = { ...always, optionId: "p", name: "In this project" }
    const body = permissionBody(call({ title: "x" }), [always, project, reject], plain)
    expect(body.kind === "approval" && body.options.map((option) => option.label)).toEqual([
      "Always allow echo *",
      "In this project",
      undefined,
    ])
  })

  it("says that a denial stops the turn where it does", () => {
    const body = permissionBody(call({ title: "x" }), [once, reject], { ...plain, rejectEndsTurn: true })
    expect(body.kind === "approval" && body.options.at(1)?.effect).toBe("deny_stop")
  })

  it("shows the changes of a file edit", () => {
    const content = [{ type: "diff", path: "/w/a.txt", oldText: "1\n", newText: "2\n" }]
    const body = permissionBody(call({ title: "Edit a.txt", kind: "edit", content }), [once, reject], plain)
    expect(body).toMatchObject({
      subject: "file_change",
      title: "/w/a.txt",
      changes: [{ path: "/w/a.txt", change: "update", diff: "@@ -1,1 +1,1 @@\n-1\n+2\n" }],
    })
  })

  it("to leave a plan mode is a plan to review", () => {
    const body = permissionBody(
      call({ kind: "switch_mode", rawInput: { plan: "# Do it" } }),
      [once, reject],
      plain,
    )
    expect(body).toMatchObject({ kind: "plan", markdown: "# Do it" })
  })

  it("shows a command whatever the tool is called, and words that say nothing not at all", () => {
    const asked = call({ kind: "other", title: "shell", rawInput: { command: "touch x", timeout: 3 } })
    const options = [always, once, reject].map((option) => ({ ...option, name: option.kind }))
    const body = permissionBody(asked, options, plain)
    expect(body).toMatchObject({ subject: "command", command: "touch x", input: '{\n  "timeout": 3\n}' })
    expect(body.kind === "approval" && body.options).toEqual([
      { id: "a", effect: "allow_always" },
      { id: "o", effect: "allow_once" },
      { id: "r", effect: "deny" },
    ])
  })

  it("shows all arguments of any other tool", () => {
    const asked = call({ title: "run_query", rawInput: { sql: "DROP TABLE customers" } })
    expect(permissionBody(asked, [once, reject], plain)).toMatchObject({
      ...{ subject: "tool", title: "run_query", input: '{\n  "sql": "DROP TABLE customers"\n}' },
    })
  })

  it("of a sub-agent names it", () => {
    const body = permissionBody(call({ title: "x" }), [once, reject], { ...plain, subagent: "child-1" })
    expect(body).toMatchObject({ origin: { subagent: "child-1" } })
    expect(body).not.toHaveProperty("item")
  })

  it("can always be denied", () => {
    const body = permissionBody(call({ title: "x" }), [always], plain)
    const denial = body.kind === "approval" ? body.options.at(-1) : undefined
    expect(denial).toEqual({ id: expect.any(String), effect: "deny" })
    const answer = { kind: "option", option: denial?.id ?? "" } as const
    expect(permissionResponse(answer, [always])).toBe(CANCELLED)
  })

  it.each<[string, object, readonly object[]]>([
    ["nothing to allow", { title: "x" }, []],
    ["nothing known to allow", { title: "x" }, [{ ...once, kind: "allow_maybe" }]],
    ["nothing to show", {}, [once, reject]],
  ])("with %s is denied", (_, patch, offered) => {
    expect(readPermission(call(patch), offered as (typeof once)[], plain).kind).toBe("denied")
  })
})

describe("an answer to a permission request", () => {
  it.each([
    [
      "a choice",
      { kind: "option", option: "a" } as const,
      { outcome: { outcome: "selected", optionId: "a" } },
      false,
    ],
    [
      "a dismissal rejects",
      { kind: "dismissed" } as const,
      { outcome: { outcome: "selected", optionId: "r" } },
      true,
    ],
  ])("%s", (_, answer, response, refused) => {
    const offered = [once, always, reject]
    expect(permissionResponse(answer, offered)).toEqual(response)
    expect(isRefusal(permissionResponse(answer, offered) ?? CANCELLED, offered)).toBe(refused)
  })

  it("of another kind, or naming no option, does not fit", () => {
    expect(permissionResponse({ kind: "option", option: "zzz" }, [once])).toBeNull()
    expect(permissionResponse({ kind: "answers", answers: {} }, [once])).toBeNull()
  })

  it("that dismisses what cannot be rejected cancels", () => {
    expect(permissionResponse({ kind: "dismissed" }, [once])).toBe(CANCELLED)
  })
})
