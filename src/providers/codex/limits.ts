/** Quota windows as Codex last reported them; its reports are sparse, so they are merged. */
import type { Instant } from "../../protocol/ids.ts"
import type { Limit } from "../../protocol/session.ts"
import type { RateLimits } from "./incoming.ts"

export class QuotaWindows {
  #known: RateLimits = { primary: null, secondary: null }

  update(report: RateLimits): void {
    this.#known = {
      primary: report.primary ?? this.#known.primary,
      secondary: report.secondary ?? this.#known.secondary,
    }
  }

  limits(): readonly Limit[] {
    return Object.entries(this.#known).flatMap(([name, window]) =>
      window === null
        ? []
        : [
            {
              name: window.windowDurationMins === null ? name : duration(window.windowDurationMins),
              usedPercent: window.usedPercent,
              ...(window.resetsAt === null ? {} : { resetsAt: window.resetsAt * 1000 }),
            },
          ],
    )
  }

  /** When the last of the exhausted windows is full again. */
  resetsAt(): Instant | null {
    const exhausted = this.limits().filter((limit) => limit.usedPercent >= 100)
    const resets = exhausted.flatMap((limit) => limit.resetsAt ?? [])
    return resets.length === 0 ? null : Math.max(...resets)
  }
}

/** `300` → `5h`, `10080` → `7d`. */
function duration(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440}d`
  if (minutes % 60 === 0) return `${minutes / 60}h`
  return `${minutes}min`
}
