import { describe, expect, it } from "vitest"
import { missingProgram } from "./missing-program.ts"

const key = "providers.acp.x.command"

describe("a program that is not there", () => {
  it.each([
    [
      { setting: null, install: "npm i -g x" },
      { code: "not_installed", command: "npm i -g x" },
    ],
    [{ setting: null, install: null }, { code: "not_installed" }],
    [{ setting: "/x", install: null }, { code: "program_missing" }],
    [
      { setting: "/x", install: "npm i -g x" },
      { code: "program_missing", command: "npm i -g x" },
    ],
  ])("%j is told with what to do", (known, reason) => {
    expect(missingProgram({ label: "X", key, ...known }).failure).toEqual({
      class: "bad_request",
      reason: { agent: "X", key, ...reason },
    })
  })
})
