import { describe, expect, it } from "vitest"
import type { Answer, RequestBody } from "../../protocol/session.ts"
import { type Asker, type Question, readRequest } from "./requests.ts"

const asker: Asker = { changesOf: () => [], subagent: null }
const asked = { threadId: "t", turnId: "u", itemId: "i" }

function read(method: string, params: object): Question {
  const request = readRequest(method, { ...asked, ...params }, asker)
  if (request.kind !== "question") throw new Error(`not a question but ${request.kind}`)
  return request.question
}

const choose = (option: string): Answer => ({ kind: "option", option })
const dismissed: Answer = { kind: "dismissed" }
const questions = (body: RequestBody) => (body.kind === "question" ? body.questions : [])

describe("an approval of a command", () => {
  const question = read("item/commandExecution/requestApproval", {
    command: "/bin/bash -lc 'rm -rf build'",
    cwd: "/work",
    proposedExecpolicyAmendment: ["rm", "-rf"],
    somethingNew: 1,
  })

  it.each<[Answer, unknown]>([
    [choose("accept"), "accept"],
    [choose("acceptForSession"), "acceptForSession"],
    [choose("acceptWithRule"), { acceptWithExecpolicyAmendment: { execpolicy_amendment: ["rm", "-rf"] } }],
    [choose("decline"), "decline"],
    [choose("cancel"), "cancel"],
    [choose("nonsense"), "decline"],
    [dismissed, "decline"],
    [{ kind: "answers", answers: {} }, "decline"],
  ])("answered %j", (answer, decision) => {
    expect(question.respond(answer)).toEqual({ decision })
  })

  it("offers no rule where Codex proposes none, and takes none", () => {
    const plain = read("item/commandExecution/requestApproval", { command: "ls" })
    expect(JSON.stringify(plain.body)).not.toContain("allow_always")
    expect(plain.respond(choose("acceptWithRule"))).toEqual({ decision: "decline" })
  })

  it("for the network names the host", () => {
    const network = { networkApprovalContext: { host: "example.com", protocol: "https" } }
    expect(read("item/commandExecution/requestApproval", network).body).toMatchObject({
      subject: "permission",
      title: "Network access to example.com",
      permissions: [{ kind: "network", host: "example.com" }],
    })
  })
})

describe("a wish for more permissions", () => {
  const question = read("item/permissions/requestApproval", {
    cwd: "/work",
    reason: "to install",
    permissions: { network: { enabled: true }, fileSystem: { read: null, write: ["/opt/x"] } },
  })
  const granted = { network: { enabled: true }, fileSystem: { read: null, write: ["/opt/x"] } }

  it("says what is wanted", () => {
    expect(question.body).toMatchObject({
      subject: "permission",
      title: "network access, write /opt/x",
      permissions: [{ kind: "network" }, { kind: "write", path: "/opt/x" }],
    })
  })

  it.each<[Answer, unknown]>([
    [choose("accept"), { permissions: granted, scope: "turn" }],
    [choose("acceptForSession"), { permissions: granted, scope: "session" }],
    [choose("decline"), { permissions: {}, scope: "turn" }],
    [dismissed, { permissions: {}, scope: "turn" }],
  ])("answered %j", (answer, result) => {
    expect(question.respond(answer)).toEqual(result)
  })
})

describe("a question", () => {
  const question = read("item/tool/requestUserInput", {
    questions: [
      {
        id: "a",
        header: "A",
        question: "Which?",
        isOther: false,
        options: [{ label: "X", description: "" }],
      },
      { id: "b", header: "", question: "Password?", isSecret: true, options: null },
    ],
  })

  it("keeps secrets secret and lets the owner write where there is nothing to choose", () => {
    expect(questions(question.body)).toEqual([
      { id: "a", header: "A", text: "Which?", options: [{ label: "X" }], multiple: false, freeText: false },
      { id: "b", text: "Password?", options: [], multiple: false, freeText: true, secret: true },
    ])
  })

  it("is answered in Codex' words, or with nothing", () => {
    expect(question.respond({ kind: "answers", answers: { a: ["X"] } })).toEqual({
      answers: { a: { answers: ["X"] } },
    })
    expect(question.respond(dismissed)).toEqual({ answers: {} })
  })
})

describe("a form of an MCP server", () => {
  const form = (properties: object) =>
    read("mcpServer/elicitation/request", {
      serverName: "shop",
      mode: "form",
      message: "Your order",
      requestedSchema: { type: "object", properties },
    })

  it("becomes questions, and the answers get the types it wants", () => {
    const question = form({
      size: {
        type: "string",
        title: "Size",
        oneOf: [
          { const: "s", title: "Small" },
          { const: "l", title: "Large" },
        ],
      },
      count: { type: "integer", description: "How many?" },
      gift: { type: "boolean" },
      extras: { type: "array", items: { type: "string", enum: ["bow", "card"] } },
      note: { type: "string" },
    })
    expect(
      questions(question.body).map(({ text, multiple, freeText }) => [text, multiple, freeText]),
    ).toEqual([
      ["Your order\n\nSize", false, false],
      ["How many?", false, true],
      ["gift", false, false],
      ["extras", true, false],
      ["note", false, true],
    ])
    const answers = { size: ["Large"], count: ["3"], gift: ["Yes"], extras: ["bow", "card"] }
    expect(question.respond({ kind: "answers", answers })).toEqual({
      action: "accept",
      content: { size: "l", count: 3, gift: true, extras: ["bow", "card"] },
      _meta: null,
    })
    expect(question.respond(dismissed)).toMatchObject({ action: "cancel" })
  })

  it.each([
    [{ codex_approval_kind: "mcp_tool_call", tool_name: "order", tool_params: { article: "lamp" } }],
    [{ codex_approval_kind: "mcp_tool_call", tool_params: { article: "lamp" } }],
  ])("for leave to call a tool shows the call: %j", (_meta) => {
    const message = 'Allow the shop MCP server to run tool "order"?'
    const asking = { serverName: "shop", mode: "form", message, _meta, requestedSchema: { properties: {} } }
    expect(read("mcpServer/elicitation/request", asking).body).toMatchObject({
      ...{
        subject: "tool",
        title: "order",
        input: '{\n  "article": "lamp"\n}',
        origin: { mcpServer: "shop" },
      },
    })
  })

  it("without fields is a question of yes or no", () => {
    const question = form({})
    expect(question.body).toMatchObject({
      ...{ kind: "approval", subject: "tool", title: "shop", reason: "Your order" },
      origin: { mcpServer: "shop" },
    })
    expect(question.respond(choose("accept"))).toMatchObject({ action: "accept", content: {} })
    expect(question.respond(choose("decline"))).toMatchObject({ action: "decline" })
  })

  it("that is a page to open here is declined, and the owner told", () => {
    const params = {
      ...asked,
      serverName: "shop",
      mode: "url",
      message: "",
      url: "https://x",
      elicitationId: "e",
    }
    expect(readRequest("mcpServer/elicitation/request", params, asker)).toMatchObject({
      kind: "decline",
      result: { action: "decline" },
      reason: { code: "request_needs_machine", server: "shop" },
    })
  })
})

it("knows what it does not know", () => {
  expect(readRequest("attestation/generate", {}, asker)).toEqual({ kind: "unsupported" })
  expect(readRequest("toString", {}, asker)).toEqual({ kind: "unsupported" })
  expect(readRequest("item/tool/requestUserInput", { questions: 1 }, asker)).toMatchObject({
    kind: "malformed",
  })
})
