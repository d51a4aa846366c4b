/** Keeps an event within one frame of the link, by leaving out the middle of its longest texts. */
import { MAX_MESSAGE_BYTES } from "../protocol/host-link.ts"
import type { ProviderEvent } from "../protocol/session.ts"

/** Room for the frame around the event. */
const MAX_EVENT_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
const TEXT_LIMITS = [1_000_000, 250_000, 50_000, 10_000, 1_000, 100]

/** The event as it is, or with shortened texts; null when even that does not make it fit. */
export function boundEvent(event: ProviderEvent): ProviderEvent | null {
  if (fits(event)) return event
  const longest = longestText(event)
  for (const limit of TEXT_LIMITS.filter((limit) => limit < longest)) {
    const shorter = shorten(event, limit)
    if (fits(shorter)) return shorter
  }
  return null
}

function fits(event: ProviderEvent): boolean {
  const json = JSON.stringify(event)
  return json.length * 3 <= MAX_EVENT_BYTES || Buffer.byteLength(json) <= MAX_EVENT_BYTES
}

/** In UTF-16 units. */
function longestText(value: unknown): number {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 0
  return Object.values(value).reduce<number>((most, part) => Math.max(most, longestText(part)), 0)
}

/** Only strings change, and only by becoming shorter, so the event keeps its form. */
function shorten<T>(value: T, limit: number): T {
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === "string" && part.length > limit ? cutMiddle(part, limit) : part,
  ) as T
}

function cutMiddle(text: string, limit: number): string {
  const half = Math.floor(limit / 2)
  return `${text.slice(0, half).toWellFormed()}\n…\n${text.slice(-half).toWellFormed()}`
}
