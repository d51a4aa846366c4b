import { describe, expect, it } from "vitest"
import { reachOf } from "./rule-risk.ts"

describe("reachOf", () => {
  it.each([
    ["xargs", "anything"],
    ["find", "anything"],
    ["/usr/bin/env", "anything"],
    ["bash", "anything"],
    ["python3 -m", "anything"],
    ["npm test *", "anything"],
    ["npm run build:*", "anything"],
    ["git", "anything"],
    ["git *", "anything"],
    ["git -c", "anything"],
    ["echo this is harmless, every Bash", "anything"],
    ["Bash(*)", "anything"],
    ["*", "anything"],
    ["git status", "as_said"],
    ["git stash list:*", "as_said"],
    ["ls", "as_said"],
    ["/home/me/app", "as_said"],
    ["example.com", "as_said"],
    ["", "unsaid"],
    [null, "unsaid"],
  ] as const)("%j lets it do %s", (scope, reach) => {
    expect(reachOf(scope)).toBe(reach)
  })
})
