import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../test/fakes/hostile-text.ts"
import { abridged, visibleText } from "./visible-text.ts"

describe("visibleText", () => {
  it.each([
    ["git status", "git status", 0],
    ["echo '안녕 你好 привет γειά' && ls", "echo '안녕 你好 привет γειά' && ls", 0],
    ["echo 👨‍👩‍👧 ❤️ 👍🏽", "echo 👨‍👩‍👧 ❤️ 👍🏽", 0],
    ["def f():\n        return 1\n\n\nprint()", "def f():\n        return 1\n\n\nprint()", 0],
    ["gi\u200bt st\u2060atus", "gi⟨U+200B⟩t st⟨U+2060⟩atus", 2],
    ["\u0441url x", "⟨\u0441 U+0441⟩url x", 1],
    ["\uff52\uff4d -rf ~", "⟨ｒ U+FF52⟩⟨ｍ U+FF4D⟩ -rf ~", 2],
    ["echo \u202e~ fr- mr ;\u202c", "echo ⟨U+202E⟩~ fr- mr ;⟨U+202C⟩", 2],
    ["rm\u00a0-rf ~", "rm⟨no-break space⟩-rf ~", 1],
    ["a\u001b[2Kb\rc", "a⟨ESC⟩[2Kb⟨return⟩c", 2],
    [`ls${" ".repeat(900)}; rm -rf ~`, "ls⟨900 spaces⟩; rm -rf ~", 1],
    [`ls${"\n".repeat(900)}rm -rf ~`, "ls⟨900 line breaks⟩rm -rf ~", 1],
    ["a\ud800b", "a⟨U+FFFD⟩b", 1],
  ])("%j is shown as %j, %i marked", (source, text, marked) => {
    expect(visibleText(source)).toEqual({ text, marked })
  })

  it("takes below 100 ms for the longest that a request may hold", { timeout: 60_000 }, () => {
    expect(slowOnes(repeats(64 * 1024, 16), { limit: 100, run: visibleText })).toEqual([])
  })
})

describe("abridged", () => {
  it("keeps the beginning and the end, and says how much is between", () => {
    const text = `begin ${"x".repeat(1_000)} end`
    const short = abridged(text, 200)
    expect(short.length).toBeLessThan(230)
    expect(short).toMatch(/^begin x+\n⟨… \d+ …⟩\nx+ end$/)
    expect(abridged("short", 200)).toBe("short")
  })
})
