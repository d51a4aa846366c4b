import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { headAndTail, linesBackwards } from "./transcript-file.ts"

const directory = mkdtempSync(join(tmpdir(), "ra-transcript-"))
afterAll(() => rmSync(directory, { recursive: true }))

function written(lines: readonly string[], end = "\n"): string {
  const file = join(directory, "transcript.jsonl")
  writeFileSync(file, lines.join("\n") + end)
  return file
}

describe("linesBackwards", () => {
  it.each([
    ["short lines", Array.from({ length: 50 }, (_, index) => `line ${index}`)],
    [
      "lines across chunks",
      Array.from({ length: 20_000 }, (_, index) => `${index} 안녕 ${"x".repeat(index % 90)}`),
    ],
    ["a line longer than several chunks", ["first", "y".repeat(900_000), "last"]],
    ["one line", ["only"]],
  ])("gives %s whole and in reverse", async (_, lines) => {
    expect(await collect(linesBackwards(written(lines)))).toEqual(lines.toReversed())
  })

  it("gives a torn last line as it is", async () => {
    expect(await collect(linesBackwards(written(["one", "tw"], "")))).toEqual(["tw", "one"])
  })
})

describe("headAndTail", () => {
  it("reads no more than asked for and gives no cut lines", async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}`)
    const { head, tail } = await headAndTail(written(lines), 1_000)
    expect(head[0]).toBe("line 0")
    expect(tail.filter(Boolean).at(-1)).toBe("line 9999")
    expect(head.length + tail.length).toBeLessThan(300)
    expect([...head, ...tail].filter(Boolean).every((line) => lines.includes(line))).toBe(true)
  })
})

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}
