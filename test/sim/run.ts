/**
 * The whole system in one process under virtual time: `npm run sim -- [--seeds N | --seconds S] [--seed FIRST]`.
 *
 *   --first        ends with the first history in which something is found
 *   --recorded     the histories in which something was found once
 *   --bots B       chats of the owner, each with a bot of its own (1)
 *   --jumps        the wall clock is set now and then
 *   --shrink       leaves out of a failing history what it does not need
 *   --verbose      prints everything that happens, and the chats
 *   --repeat R     plays each seed R times: the same seed must give the same history
 *   --slot D       a digit; two of these at once need two
 */
import { existsSync } from "node:fs"
import { tmpdir } from "node:os"
import { parseArgs } from "node:util"
import { hookImports } from "./hooks.ts"
import { real } from "./real.ts"
import { recorded } from "./recorded.ts"
import type { History, SimulateOptions } from "./simulate.ts"
import { Tally } from "./tally.ts"

hookImports()
const { simulate } = await import("./simulate.ts")
const { shrink } = await import("./shrink.ts")

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    seconds: { type: "string" },
    repeat: { type: "string", default: "1" },
    first: { type: "boolean", default: false },
    recorded: { type: "boolean", default: false },
    bots: { type: "string", default: "1" },
    slot: { type: "string", default: "0" },
    jumps: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
})

const options: Omit<SimulateOptions, "seed"> = {
  // Its name is seen in chats, so it must be as long in every process.
  directory: `${existsSync("/dev/shm") ? "/dev/shm" : tmpdir()}/remoteagent-sim-${values.slot}`,
  bots: Number(values.bots),
  jumps: values.jumps,
  keepLines: values.verbose,
}
const tally = new Tally()
const began = real.now()
const first = Number(values.seed)

for (const given of values.recorded ? recorded : drawn()) {
  const history = await simulate({ ...options, ...given })
  tally.add(history)
  if (values.verbose && !values.shrink) show(history)
  for (const { code, what } of history.findings) console.log(`seed ${given.seed} ${code}: ${what}`)
  if (values.shrink && history.findings.length > 0) await shorten(history)
  if (values.first && !tally.isClean) break
  for (let again = 1; again < Number(values.repeat); again += 1) await repeat(history)
}
real.rmSync(options.directory, { recursive: true, force: true })
console.log(tally.text)
process.exitCode = tally.isClean ? 0 : 1

function* drawn(): Generator<{ readonly seed: number }> {
  for (let seed = first; !isOver(seed); seed += 1) yield { seed }
}

function isOver(seed: number): boolean {
  if (values.seconds === undefined) return seed >= first + Number(values.seeds)
  return real.now() - began > Number(values.seconds) * 1000
}

function show({ lines, logs, screens }: History): void {
  const inOrder = [...lines, ...logs].sort((a, b) => Number.parseFloat(a) - Number.parseFloat(b))
  for (const line of [...inOrder, ...screens]) console.log(line)
}

async function repeat(history: History): Promise<void> {
  const { hash } = await simulate({ ...options, seed: history.seed })
  if (hash !== history.hash) {
    console.log(`seed ${history.seed} gave ${history.hash}, then ${hash}`)
    process.exitCode = 1
  }
}

async function shorten(history: History): Promise<void> {
  const code = history.findings[0]?.code ?? ""
  const { history: least, before, after, trials } = await shrink(history, code, options)
  console.log(`  ${after} of ${before} causes are needed (${trials} trials):`)
  for (const { at, chat, action } of least.acts)
    console.log(`    ${at} ms, chat ${chat}: ${JSON.stringify(action)}`)
  for (const { step, kind } of least.faults.steps) console.log(`    step ${step}: ${kind}`)
  for (const { call, fault } of least.faults.calls) console.log(`    call ${call}: ${JSON.stringify(fault)}`)
  for (const finding of least.findings) console.log(`    ${finding.code}: ${finding.what}`)
  if (values.verbose) show(least)
}
