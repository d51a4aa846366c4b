import { expect, it } from "vitest"
import { tellMigration } from "./migration-progress.ts"

function toldOf(steps: readonly (readonly [at: number, done: number])[]): readonly string[] {
  let time = 0
  const told: string[] = []
  const tell = tellMigration({
    now: () => time,
    say: (said) => told.push(`${said.percent} % ${said.seconds} s`),
  })
  for (const [at, done] of steps) {
    time = at
    tell({ version: 2, done, of: 1000 })
  }
  return told
}

it("says how long it still takes, every two seconds", () => {
  const steps = [
    [0, 0],
    [1_000, 50],
    [2_000, 100],
    [2_500, 125],
    [4_000, 200],
    [19_000, 950],
  ] as const
  expect(toldOf(steps)).toEqual(["10 % 18 s", "20 % 16 s", "95 % 1 s"])
})

it("says nothing of what is over in a moment, or has not begun", () => {
  expect(
    toldOf([
      [100, 500],
      [200, 1000],
    ]),
  ).toEqual([])
  expect(toldOf([[60_000, 0]])).toEqual([])
})
