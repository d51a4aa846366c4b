import { globSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { systemLanguage, texts } from "./text.ts"

describe("texts", () => {
  const say = texts({
    en: { hello: "Hello {name}", plain: "Yes" },
    ko: { hello: "안녕 {name}", plain: "네" },
  })

  it("says a text in either language with its parameters", () => {
    expect(say("en")("hello", { name: "Ada" })).toBe("Hello Ada")
    expect(say("ko")("hello", { name: 3 })).toBe("안녕 3")
    expect(say("ko")("plain")).toBe("네")
  })

  it("puts parameters in as they are, whatever they look like", () => {
    expect(say("en")("hello", { name: "$& {name}" })).toBe("Hello $& {name}")
  })

  it.each([
    [{ LANG: "ko_KR.UTF-8" }, "ko"],
    [{ LANG: "ko" }, "ko"],
    [{ LC_ALL: "en_GB.UTF-8", LANG: "ko_KR" }, "en"],
    [{ LC_ALL: "", LC_MESSAGES: "ko_KR" }, "ko"],
    [{ LANG: "C.UTF-8" }, "en"],
    [{}, "en"],
  ])("the locale %j asks for %s", (environment, language) => {
    expect(systemLanguage(environment)).toBe(language)
  })
})

describe("every area of texts", async () => {
  const files = globSync("*.en.ts", { cwd: import.meta.dirname })
  const areas = await Promise.all(
    files.map(async (file) => {
      const { en } = await import(path.join(import.meta.dirname, file))
      const { ko } = await import(path.join(import.meta.dirname, file.replace(".en.", ".ko.")))
      return [file.replace(".en.ts", ""), { en, ko }] as const
    }),
  )
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

  it.each(areas)("%s has the same keys and parameters in both languages", (_area, { en, ko }) => {
    expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort())
    for (const key of Object.keys(en)) {
      expect([key, [...new Set(names(ko[key]))]]).toEqual([key, [...new Set(names(en[key]))]])
    }
  })
})
