import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { commandsDoc } from "./commands-doc.ts"

describe("docs/commands.md", () => {
  it("says what the table of commands says today (npm run commands writes it)", () => {
    const published = readFileSync(new URL("../docs/commands.md", import.meta.url), "utf8")
    expect(published).toBe(commandsDoc())
  })
})
