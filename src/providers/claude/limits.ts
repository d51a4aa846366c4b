import type { Limit } from "../../protocol/session.ts"
import type { RateLimitInfo } from "./wire.ts"

/** Every quota window that a rate limit event names; Claude tells seconds and fractions, we tell ms and percent. */
export function limitsOf(info: RateLimitInfo): readonly Limit[] {
  const windows = Object.entries(info.unifiedWindows ?? {})
  if (windows.length > 0)
    return windows.map(([name, window]) => limit(name, window.utilization, window.resetsAt))
  return info.rateLimitType ? [limit(info.rateLimitType, info.utilization, info.resetsAt)] : []
}

/**
 * When a used-up window opens again, in ms; null when it did not say; undefined when none is used up. A refusal that names
 * no window is a passing one.
 */
export function rejectedUntil(info: RateLimitInfo): number | null | undefined {
  if (info.status !== "rejected") return undefined
  if (!info.resetsAt && !info.rateLimitType && !info.unifiedWindows) return undefined
  return info.resetsAt ? Math.round(info.resetsAt * 1000) : null
}

function limit(
  name: string,
  utilization: number | null | undefined,
  resetsAt: number | null | undefined,
): Limit {
  const usedPercent = Math.max(0, Math.round((utilization ?? 0) * 1000) / 10)
  return { name, usedPercent, ...(resetsAt ? { resetsAt: Math.round(resetsAt * 1000) } : {}) }
}
