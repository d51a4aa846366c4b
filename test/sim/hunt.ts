/** `npm run sim:planted -- [--only WORDS] [--limit SEEDS]`: how many histories it takes until each planted fault is found. */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { type Plant, plants } from "./planted.ts"

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, limit: { type: "string", default: "300" } },
})
const repository = dirname(dirname(import.meta.dirname))
const base = join(repository, ".tmp")
mkdirSync(base, { recursive: true })
let missed = 0

for (const plant of plants.filter(({ name }) => name.includes(values.only))) {
  const found = hunt(plant)
  if (found === null) missed += 1
  console.log(`${found ?? `NOT FOUND in ${values.limit}`}\t${plant.name}`)
}
process.exitCode = missed === 0 ? 0 : 1

/** What was found and in which history; null when nothing was. */
function hunt({ changes }: Plant): string | null {
  const copy = mkdtempSync(join(base, "planted-"))
  try {
    for (const part of ["src", "test", "package.json"]) copyPart(part, copy)
    symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"))
    for (const { file, from, to } of changes) {
      const path = join(copy, file)
      writeFileSync(
        path,
        readFileSync(path, "utf8").replace(from, () => to),
      )
    }
    return simulate(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function copyPart(part: string, copy: string): void {
  const isWanted = (path: string): boolean => !path.includes("node_modules")
  cpSync(join(repository, part), join(copy, part), { recursive: true, filter: isWanted })
}

function simulate(copy: string): string | null {
  const words = ["test/sim/run.ts", "--seeds", values.limit, "--bots", "2", "--first", "--slot", "6"]
  const { stdout } = spawnSync(process.execPath, words, { cwd: copy, encoding: "utf8" })
  const [, seed, code] = /^seed (\d+) (\w+):/m.exec(stdout) ?? []
  return seed === undefined ? null : `${seed} histories: ${code}`
}
