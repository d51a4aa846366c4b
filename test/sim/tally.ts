/** What many histories add up to. */
import type { History } from "./simulate.ts"

export class Tally {
  histories = 0
  kills = 0
  powerCuts = 0
  /** Whatever struck: kills, power cuts, what a disk refused, what became of a call. */
  faults = 0
  steps = 0
  prompts = 0
  virtualMs = 0
  cpuMs = 0
  readonly #seeds = new Map<string, number[]>()

  add(history: History): void {
    const { kills, faults } = history
    this.histories += 1
    this.kills += kills.runtime + kills.host
    this.powerCuts += kills.power
    this.faults += faults.steps.length + faults.calls.length
    this.steps += history.steps
    this.prompts += history.prompts
    this.virtualMs += history.virtualMs
    this.cpuMs += history.cpuMs
    for (const code of new Set(history.findings.map((finding) => finding.code))) {
      const seeds = this.#seeds.get(code)
      if (seeds) seeds.push(history.seed)
      else this.#seeds.set(code, [history.seed])
    }
  }

  get isClean(): boolean {
    return this.#seeds.size === 0
  }

  get text(): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(1)
    const found = [...this.#seeds].map(
      ([code, seeds]) => `  ${code}: ${seeds.length} histories, seeds ${seeds.slice(0, 12).join(" ")}`,
    )
    return [
      `${this.histories} histories, ${this.faults} faults (${this.kills} kills, ${this.powerCuts} power cuts), ${this.steps} steps,`,
      `${this.prompts} prompts, ${hours} hours of their time in ${Math.round(this.cpuMs / 1000)} s of a core`,
      ...(this.isClean ? ["no promise broken"] : ["promises broken:", ...found]),
    ].join("\n")
  }
}
