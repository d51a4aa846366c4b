import { describe, expect, it } from "vitest"
import { missingProgram } from "./missing-program.ts"

const key = "providers.acp.x.command"

describe("a program that is not there", () => {
  it.each([
    [{ setting: null, install: "npm i -g x" }, "X is not installed. Install it with: npm i -g x"],
    [{ setting: null, install: null }, `X is not installed. Set ${key} to its program.`],
    [
      { setting: "/x", install: null },
      `X's program, set in ${key}, is missing or may not be executed. Correct ${key}.`,
    ],
    [
      { setting: "/x", install: "npm i -g x" },
      `X's program, set in ${key}, is missing or may not be executed. Correct ${key}, or install it with: npm i -g x`,
    ],
  ])("%j is told with what to do", (known, detail) => {
    expect(missingProgram({ label: "X", key, ...known }).failure).toEqual({ class: "bad_request", detail })
  })
})
