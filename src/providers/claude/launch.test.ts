import { describe, expect, it } from "vitest"
import { environmentFor, sessionArgs } from "./launch.ts"
import { isOlder } from "./probe.ts"

describe("environmentFor", () => {
  it("lets in a cloud's credentials only for the cloud that is used", () => {
    expect(environmentFor({}, {}).inherit).not.toContain("AWS_*")
    expect(environmentFor({}, { CLAUDE_CODE_USE_BEDROCK: "1" }).inherit).toContain("AWS_*")
    expect(environmentFor({}, { CLAUDE_CODE_USE_BEDROCK: "0" }).inherit).not.toContain("AWS_*")
    const vertex = environmentFor({}, { CLAUDE_CODE_USE_VERTEX: "true" }).inherit
    expect(vertex).toContain("GOOGLE_*")
    expect(vertex).not.toContain("AWS_*")
  })

  it("lets the owner's configuration win over ours", () => {
    const { env } = environmentFor({ CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: "5" }, {})
    expect(env).toMatchObject({ CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: "5", CLAUDE_CODE_EAGER_FLUSH: "1" })
  })
})

describe("sessionArgs", () => {
  const nativeId = "11111111-1111-4111-8111-111111111111"

  it("names a fresh session and resumes an old one", () => {
    expect(sessionArgs({ kind: "fresh", nativeId }, {}).join(" ")).toContain(`--session-id ${nativeId}`)
    expect(sessionArgs({ kind: "resume", nativeId }, {}).join(" ")).toContain(`--resume ${nativeId}`)
  })

  it("allows bypassing permissions only when that is the mode", () => {
    const flag = "--allow-dangerously-skip-permissions"
    expect(sessionArgs({ kind: "fresh", nativeId }, { mode: "default" })).not.toContain(flag)
    expect(sessionArgs({ kind: "fresh", nativeId }, { mode: "bypassPermissions" })).toContain(flag)
  })
})

describe("isOlder", () => {
  it.each([
    ["2.1.301", true],
    ["2.1.302", false],
    ["2.1.1000", false],
    ["2.2.0", false],
    ["1.9.999", true],
  ])("%s against 2.1.302: %s", (version, expected) => {
    expect(isOlder(version, "2.1.302")).toBe(expected)
  })
})
