import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { plants } from "./planted.ts"

it.each(plants.flatMap(({ name, changes }) => changes.map((change) => ({ name, ...change }))))(
  "can still be planted: $name",
  ({ file, from, to }) => {
    const text = readFileSync(join(import.meta.dirname, "..", "..", file), "utf8")
    expect(text.split(from)).toHaveLength(2)
    expect(to).not.toBe(from)
  },
)
