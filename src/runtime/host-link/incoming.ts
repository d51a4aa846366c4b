/** From what a host says to frames. What is not known here is passed over; what decides something never is. */
import { z } from "zod"
import { type HostEvent, HostFrame } from "../../protocol/host-link.ts"
import { AttemptId, Instant, SessionId } from "../../protocol/ids.ts"

export type Incoming =
  | { readonly kind: "frame"; readonly frame: HostFrame }
  | Odd
  /** Not a frame at all. */
  | { readonly kind: "malformed" }

export type Odd =
  /** An event of a form that is not known here; its number counts. */
  | {
      readonly kind: "odd event"
      readonly seq: number
      readonly prev?: number | undefined
      readonly json: string
    }
  /** A frame of a later protocol. */
  | { readonly kind: "odd"; readonly json: string }

const OddEvent = z.object({
  type: z.literal("event"),
  seq: z.number().int().positive(),
  prev: z.number().int().nonnegative().optional(),
})

/** The end of an attempt whatever else it says: without it the attempt would seem to run for ever. */
const OddEnd = z.object({
  ...OddEvent.shape,
  at: Instant,
  session: SessionId,
  event: z.object({ kind: z.literal("attempt.ended"), attempt: AttemptId }),
})

const KNOWN: ReadonlySet<unknown> = new Set(
  HostFrame.options.flatMap((option) => [...option.shape.type.values]),
)

export function readFrame(json: string): Incoming {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return { kind: "malformed" }
  }
  const frame = HostFrame.safeParse(value)
  if (frame.success) return { kind: "frame", frame: frame.data }
  const end = OddEnd.safeParse(value)
  if (end.success) return { kind: "frame", frame: { type: "event", ...plainEnd(end.data) } }
  const event = OddEvent.safeParse(value)
  if (event.success) return { kind: "odd event", seq: event.data.seq, prev: event.data.prev, json }
  const isKnown = typeof value !== "object" || value === null || !("type" in value) || KNOWN.has(value.type)
  return !isKnown ? { kind: "odd", json } : { kind: "malformed" }
}

function plainEnd({ seq, at, session, prev, event }: z.infer<typeof OddEnd>): HostEvent {
  return {
    ...{ seq, at, session },
    ...(prev === undefined ? {} : { prev }),
    event: {
      ...{ kind: "attempt.ended", attempt: event.attempt },
      outcome: { kind: "indeterminate", consumed: "yes", text: "" },
    },
  }
}
