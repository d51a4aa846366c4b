import { readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, it } from "vitest"
import { configSchemaText } from "./config-schema.ts"

describe("docs/config.schema.json", () => {
  it("is what the program accepts today (npm run schema writes it)", () => {
    const published = readFileSync(new URL("../docs/config.schema.json", import.meta.url), "utf8")
    expect(published).toBe(configSchemaText())
  })

  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(configSchemaText()),
  )

  it.each([
    [{}, true],
    [{ $schema: "./config.schema.json", telegram: { botTokens: ["1:x"], ownerId: 7 } }, true],
    [{ providers: { acp: { echo: { command: "echo" } } }, defaults: { "acp:echo": { mode: "ask" } } }, true],
    [{ localUi: { port: "80" } }, false],
    [{ telegramm: {} }, false],
  ])("judges %j as the program does", (value, isValid) => {
    expect(validate(value)).toBe(isValid)
  })
})
