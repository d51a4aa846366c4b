import { describe, expect, it } from "vitest"
import { LineTooLong, linesFrom, splitLines } from "./lines.ts"

function split(chunks: readonly Buffer[], limit = 1_000): string[] {
  const lines: string[] = []
  const splitter = splitLines(limit, (line) => lines.push(line))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return lines
}

describe("splitLines", () => {
  it("finds the same lines wherever the stream is cut", () => {
    const bytes = Buffer.from('{"a":"ü€😀"}\n\nplain\nlast')
    for (let at = 0; at <= bytes.length; at++) {
      expect(split([bytes.subarray(0, at), bytes.subarray(at)])).toEqual([
        '{"a":"ü€😀"}',
        "",
        "plain",
        "last",
      ])
    }
    expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual([
      '{"a":"ü€😀"}',
      "",
      "plain",
      "last",
    ])
  })

  it("takes a line of exactly the limit and refuses a longer one, also before its end came", () => {
    expect(split([Buffer.from("12345\n")], 5)).toEqual(["12345"])
    expect(() => split([Buffer.from("123456\n")], 5)).toThrow(LineTooLong)
    expect(() => split([Buffer.from("123"), Buffer.from("456")], 5)).toThrow(LineTooLong)
  })
})

it("gives the lines of a stream, which only line feeds end", async () => {
  async function* chunks() {
    yield "one\r\ntwo\u2028and\u2029"
    yield Buffer.from("still two\n\nthree\u0085")
  }
  const lines: string[] = []
  for await (const line of linesFrom(chunks())) lines.push(line)
  expect(lines).toEqual(["one", "two\u2028and\u2029still two", "", "three\u0085"])
})
