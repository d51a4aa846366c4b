/** Leaves out of a history whatever the finding does not need: acts of the owner, faults of steps, faults of calls. */
import type { ChaosRecord } from "./chaos.ts"
import type { Planned } from "./owner.ts"
import { type History, type SimulateOptions, simulate } from "./simulate.ts"

type Cause =
  | { readonly kind: "act"; readonly act: Planned }
  | { readonly kind: "step"; readonly fault: ChaosRecord["steps"][number] }
  | { readonly kind: "call"; readonly fault: ChaosRecord["calls"][number] }

export interface Shrunk {
  readonly history: History
  readonly code: string
  readonly before: number
  readonly after: number
  readonly trials: number
}

export async function shrink(
  found: History,
  code: string,
  options: Omit<SimulateOptions, "seed">,
): Promise<Shrunk> {
  let causes: readonly Cause[] = causesOf(found)
  let best = found
  let trials = 0
  const before = causes.length
  const tryWith = async (some: readonly Cause[]): Promise<boolean> => {
    trials += 1
    const history = await simulate({
      ...options,
      seed: found.seed,
      acts: actsOf(some),
      replay: recordOf(some),
    })
    if (!history.findings.some((finding) => finding.code === code)) return false
    causes = some
    best = history
    return true
  }
  for (let size = Math.ceil(causes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < causes.length; ) {
      const isWithout = await tryWith([...causes.slice(0, from), ...causes.slice(from + size)])
      if (!isWithout) from += size
    }
  }
  return { history: best, code, before, after: causes.length, trials }
}

function causesOf({ acts, faults }: History): readonly Cause[] {
  return [
    ...acts.map((act) => ({ kind: "act", act }) as const),
    ...faults.steps.map((fault) => ({ kind: "step", fault }) as const),
    ...faults.calls.map((fault) => ({ kind: "call", fault }) as const),
  ]
}

const actsOf = (causes: readonly Cause[]): readonly Planned[] =>
  causes.flatMap((cause) => (cause.kind === "act" ? [cause.act] : []))

const recordOf = (causes: readonly Cause[]): ChaosRecord => ({
  steps: causes.flatMap((cause) => (cause.kind === "step" ? [cause.fault] : [])),
  calls: causes.flatMap((cause) => (cause.kind === "call" ? [cause.fault] : [])),
})
