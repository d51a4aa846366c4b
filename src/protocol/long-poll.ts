/** Goes when its readers use the live protocol. */
import { z } from "zod"
import { FactRecord } from "./facts.ts"
import { TurnId } from "./ids.ts"

/** The whole text so far of an item that is still running. */
export const LiveText = z.object({
  turn: TurnId,
  item: z.string(),
  channel: z.enum(["message", "reasoning", "output"]),
  text: z.string(),
})
export type LiveText = z.infer<typeof LiveText>

/**
 * Answers at once when there are events after `after` (at most 500) or live text newer than `live`, else as soon as
 * there are, at the latest after `wait` ms (at most 60,000).
 */
export const EventsQuery = z.object({
  after: z.coerce.number().int().nonnegative().default(0),
  wait: z.coerce.number().int().min(0).max(60_000).default(0),
  live: z.coerce.number().int().nonnegative().optional(),
})
export type EventsQuery = z.infer<typeof EventsQuery>

export const EventsReply = z.object({
  events: z.array(FactRecord).readonly(),
  /** Ask on with `after=next`. */
  next: z.number().int().nonnegative(),
  /** Only when `live` was given. */
  live: z
    .object({ revision: z.number().int().nonnegative(), texts: z.array(LiveText).readonly() })
    .optional(),
})
export type EventsReply = z.infer<typeof EventsReply>
