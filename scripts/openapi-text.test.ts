import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { api } from "../src/protocol/api.ts"
import { openApiText } from "./openapi-text.ts"

describe("docs/openapi.json", () => {
  const text = openApiText()

  it("is what the table of operations says; `npm run schema` writes it", () => {
    const published = readFileSync(new URL("../docs/openapi.json", import.meta.url), "utf8")
    expect(published).toBe(text)
  })

  it("refers only to what it defines", () => {
    const document = JSON.parse(text)
    const at = (pointer: string) =>
      pointer.split("/").reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], document)
    const refs = [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, pointer]) => pointer ?? "")
    expect(refs.length).toBeGreaterThan(100)
    expect(refs.filter((pointer) => at(pointer) === undefined)).toEqual([])
    expect(text).not.toMatch(/"\$ref": "(?!#\/components\/schemas\/)/)
  })

  it("has every operation once, with a body for whatever changes something", () => {
    const { paths } = JSON.parse(text)
    const all = Object.values(paths).flatMap((methods) => Object.values(methods as object))
    expect(all.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(api).toSorted())
    for (const operation of all)
      expect([operation.operationId, "requestBody" in operation]).toEqual([
        operation.operationId,
        operation["x-kind"] !== "query",
      ])
  })
})
