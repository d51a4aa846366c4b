import { describe, expect, it } from "vitest"
import { readLine } from "./wire.ts"

describe("readLine", () => {
  it("reads what it knows, with fields it has never heard of", () => {
    const line = { type: "system", subtype: "session_state_changed", state: "idle", tomorrow: [1] }
    expect(readLine(JSON.stringify(line))).toEqual({ kind: "state", state: "idle" })
  })

  it("names what it does not know, and what it cannot read, without throwing", () => {
    expect(readLine('{"type":"system","subtype":"brand_new"}')).toEqual({
      kind: "unknown",
      name: "system/brand_new",
    })
    expect(readLine('{"type":"system","subtype":"session_state_changed","state":1}')).toMatchObject({
      kind: "malformed",
      name: "system/session_state_changed",
    })
    for (const line of ["", "not json", "[]", "null", '{"type":1}']) {
      expect(readLine(line).kind).toBe("malformed")
    }
  })

  it("takes a message whose blocks carry more or less than usual", () => {
    const content = [
      { type: "text", text: "hi" },
      { type: "future_block", data: {} },
    ]
    const message = readLine(JSON.stringify({ type: "assistant", message: { id: "m", content } }))
    expect(message.kind).toBe("assistant")
  })

  it("takes a field of another form for a missing one", () => {
    const strange = {
      result: "yes",
      usage: "many",
      modelUsage: { m: { contextWindow: 0 } },
      errors: [1, "a"],
    }
    expect(readLine(JSON.stringify({ type: "result", ...strange }))).toMatchObject({
      kind: "result",
      body: { subtype: "success", is_error: false, result: "yes", usage: undefined, errors: ["a"] },
    })
  })

  it("does not take an odd failure for a success", () => {
    const message = readLine(JSON.stringify({ type: "result", is_error: "yes" }))
    expect(message).toMatchObject({ kind: "result", body: { is_error: true } })
  })
})
