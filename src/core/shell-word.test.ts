import { execFileSync } from "node:child_process"
import { expect, it } from "vitest"
import { shellWord } from "./shell-word.ts"

it.each(["plain", "/a/b-c.d:e", "", "two words", "it's", "$(id) `id` \\ \n*"])(
  "a shell reads %j as it was",
  (word) => {
    expect(execFileSync("/bin/sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" })).toBe(word)
  },
)
