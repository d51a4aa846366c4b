/**
 * Measures the real program against its budgets and writes the results into docs/performance.md.
 *
 *   npm run bench                 everything, about six minutes; nothing else should run on the machine
 *   npm run bench -- stops        only scenarios whose name contains a word, printed and not written
 */
import { readFileSync, writeFileSync } from "node:fs"
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os"
import { join } from "node:path"
import { type Report, withReport } from "./report.ts"
import { type Findings, scenarios } from "./scenarios.ts"

const DOCUMENT = join(import.meta.dirname, "..", "docs", "performance.md")

const wanted = process.argv.slice(2)
const chosen = scenarios.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
)
const load = loadavg()[0] ?? 0
const all: Findings[] = []
for (const { name, run } of chosen) {
  console.log(`… ${name}`)
  const findings = await run()
  all.push(findings)
  for (const { what, budget, measured, isKept } of findings.verdicts) {
    console.log(`  ${isKept === false ? "✗" : " "} ${what}: ${measured} (${budget})`)
  }
  for (const { what, times } of findings.details) {
    const { count, p50, p90, p99, max } = times
    console.log(`    ${what}: p50 ${ms(p50)}  p90 ${ms(p90)}  p99 ${ms(p99)}  max ${ms(max)}  (${count})`)
  }
  for (const remark of findings.remarks ?? []) console.log(`    ${remark}`)
}

const report: Report = {
  surroundings: surroundings(),
  verdicts: all.flatMap(({ verdicts }) => verdicts),
  details: all.flatMap(({ details }) => details),
  remarks: all.flatMap(({ remarks }) => remarks ?? []),
}
if (chosen.length === scenarios.length) {
  writeFileSync(DOCUMENT, withReport(readFileSync(DOCUMENT, "utf8"), report))
  console.log("Written: docs/performance.md")
}

function ms(value: number): string {
  return value.toFixed(1)
}

function surroundings(): readonly string[] {
  const processors = cpus()
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}`,
    `${processors.length} × ${processors[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 1024 ** 3)} GB, ` +
      `${platform()} ${release()} ${arch()}`,
    `Load of the machine when it began: ${load.toFixed(1)}`,
  ]
}
