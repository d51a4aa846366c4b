import type { Instant } from "../../protocol/ids.ts"

/** The wall's clock may be set meanwhile, so a penalty is never longer than it was. */
export interface Penalty {
  readonly from: Instant
  readonly ms: number
}

/** Where the end of a chat's penalty is kept, so that a restart does not speak into it. */
export function penaltyKey(lane: string): string {
  return `${lane}:closedUntil`
}
