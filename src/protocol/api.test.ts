import { describe, expect, it } from "vitest"
import { api, type OperationName } from "./api.ts"
import { ApiRefusal, readReply, wireCall } from "./calls.ts"
import type { RequestId, SessionId } from "./ids.ts"
import { type Operation, pathFields } from "./operation.ts"

const S1 = "S001" as SessionId
const all = Object.entries(api) as [OperationName, Operation][]

describe("the table of operations", () => {
  it("has one meaning for every method and path", () => {
    const places = all.map(([, { method, path }]) => `${method} ${path.replaceAll(/:\w+/g, ":")}`)
    expect(new Set(places).size).toBe(places.length)
  })

  it("takes from a path only what its input has", () => {
    for (const [name, operation] of all)
      for (const field of pathFields(operation))
        expect([name, field in operation.input.shape]).toEqual([name, true])
  })

  it("lets nothing be done without a grant, and all be read without one", () => {
    for (const [name, { kind, needs }] of all)
      expect([name, needs === "nothing"]).toEqual([name, kind === "query"])
  })

  it("ends the runtime only from the machine itself", () => {
    expect(api["runtime.stop"].doors).toEqual(["machine"])
  })
})

describe("a call on the wire", () => {
  it("has in its path what the path names, and the rest in query or body", () => {
    expect(wireCall("event.page", { session: S1, after: 7 })).toEqual({
      ...{ method: "GET", path: "/sessions/S001/events?after=7", body: null },
    })
    expect(wireCall("status.read", {})).toEqual({ method: "GET", path: "/status", body: null })
    const request = "a/b?c" as RequestId
    const answer = { kind: "dismissed" } as const
    expect(wireCall("request.answer", { request, version: 1, answer, clientId: "x" })).toEqual({
      ...{ method: "POST", path: "/requests/a%2Fb%3Fc/answer" },
      body: '{"version":1,"answer":{"kind":"dismissed"},"clientId":"x"}',
    })
  })

  it("is answered with what was promised, or refused with a reason", () => {
    expect(readReply("runtime.stop", { status: 200, text: '{"pid":1}' })).toEqual({ pid: 1 })
    expect(() => readReply("runtime.stop", { status: 200, text: "{}" })).toThrow(/in a way this version/)
    const error = { code: "conflict", reason: "turn_not_queued", message: "Too late.", logId: "7" }
    const text = JSON.stringify({ error: { ...error, remedy: { kind: "reload" } } })
    const refused = () => readReply("turn.drop", { status: 409, text })
    expect(refused).toThrow(ApiRefusal)
    expect(refused).toThrow("Too late. (7)")
    expect(() => readReply("turn.drop", { status: 502, text: "<html>" })).toThrow("HTTP 502 for turn.drop")
  })
})
