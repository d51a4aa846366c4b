import type { Context } from "hono"
import type { Answerer } from "../../protocol/facts.ts"
import type { Door, Operation } from "../../protocol/operation.ts"

/** Stands at a door: says who comes in, and what they may do. */
export interface Doorkeeper {
  readonly door: Door
  /** Who it is. @throws ApiFault `forbidden` when they may not. */
  admit(request: Context, operation: Operation): Answerer
}

/** The runtime's socket: whoever can open it is the owner's user. */
export function machineDoor(by: Answerer): Doorkeeper {
  return { door: "machine", admit: () => by }
}
