import { describe, expect, it } from "vitest"
import { formatLogLine, parseLogLine } from "./log-line.ts"

const format = (value: unknown) => formatLogLine(parseLogLine(JSON.stringify(value)))

describe("a log line", () => {
  it("is one line: time, level, message, fields", () => {
    const line = format({
      level: 40,
      time: Date.UTC(2030, 0, 2, 3, 4, 5, 6),
      pid: 1,
      msg: "late",
      bot: 7,
      lane: "a",
    })
    expect(line).toMatch(/^\d\d-\d\d \d\d:\d\d:\d\d\.006 {2}WARN {3}late {2}bot=7 {2}lane=a$/)
  })

  it("shows stacks and payloads below, indented", () => {
    const error = { type: "Error", message: "no", stack: "Error: no\n    at x" }
    expect(format({ level: 50, msg: "failed", err: error })).toBe(
      "ERROR  failed\n    err: Error: no\n        at x",
    )
  })

  it("takes the times and levels of other writers", () => {
    expect(parseLogLine('{"level":"error","time":"2030-01-02T03:04:05.006Z"}')).toMatchObject({
      level: "error",
      at: Date.UTC(2030, 0, 2, 3, 4, 5, 6),
    })
  })

  it("is shown as it is when it is not JSON", () => {
    expect(formatLogLine(parseLogLine("Segmentation fault"))).toBe("INFO   Segmentation fault")
  })

  it("cannot drive the terminal", () => {
    const line = format({ level: 30, msg: "\u001b[2Jgone\u0007", out: "\u001b]0;title\u0007x" })
    expect(["\u0007", "\u001b"].filter((control) => line.includes(control))).toEqual([])
    const nested = format({ level: 30, msg: "x", out: { deep: ["\u009b2J", "\u202ereversed"] } })
    expect(nested).not.toMatch(/[\u0080-\u009f\u202a-\u202e]/)
  })
})
