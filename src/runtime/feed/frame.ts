/** What goes to clients, made into text once for all of them. */

import type { SessionId } from "../../protocol/ids.ts"
import type { FromServer } from "../../protocol/live.ts"

type WithoutNumber<F> = F extends unknown ? Omit<F, "n"> : never
export type Said = WithoutNumber<FromServer>

export interface Frame {
  /** JSON of the frame, without its number. */
  readonly json: string
  /** Of the JSON in UTF-8. */
  readonly bytes: number
}

export const frameOf = (said: Said): Frame => frameFrom(JSON.stringify(said))

/** @param json of an object that has at least one field. */
const frameFrom = (json: string): Frame => ({ json, bytes: Buffer.byteLength(json) })

export const numbered = ({ json }: Frame, n: number): string => `{"n":${n},${json.slice(1)}`

/** @param events each as JSON. */
export const eventsFrame = (session: SessionId, events: readonly string[]): Frame =>
  frameFrom(`{"type":"events","session":"${session}","events":[${events.join(",")}]}`)

export interface PageHead {
  readonly session: SessionId
  readonly resume: "ok" | "gap"
  readonly after: number
  readonly last: number
}

/** @param events and `work` as JSON. */
export function pageFrame(head: PageHead, events: readonly string[], work: string): Frame {
  const begun = JSON.stringify({ type: "page", ...head }).slice(0, -1)
  return frameFrom(`${begun},"events":[${events.join(",")}],"work":${work}}`)
}
