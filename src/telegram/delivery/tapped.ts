/** A tap on one of our buttons, and what modules make of those that are theirs. */
import type { Action } from "../../runtime/commands/action.ts"
import type { Address } from "../places/address.ts"
import type { Outgoing } from "./outgoing.ts"

/** What the owner is told at once; `alert` must be tapped away. */
export interface Notice {
  readonly text: string
  readonly alert?: boolean
}

export interface Tapped {
  readonly action: Action
  readonly address: Address
  /** The message with the button. */
  readonly message: number
  /** Identifies the tap across redeliveries. */
  readonly clientId: string
}

/** What a tap does: called in the transaction that uses its button up. Says nothing where the owner sees it happen. */
export type Act = () => Notice | undefined

/** Reads and asks; null for what is none of this module's actions. */
export type TapHandler = (tapped: Tapped) => Promise<Act> | Act | null

/** Only inside an effect. */
export function removeButtons(out: Outgoing, { address: to, message }: Tapped): void {
  out.owe(to, { kind: "buttons", to, target: { message }, buttons: [] }, { key: null, priority: "answer" })
}

/** Only takes the buttons of a card away. */
export const DISMISS = { of: "card", verb: "dismiss" } as const

export function dismissing(out: Outgoing): TapHandler {
  return (tapped) => () => {
    removeButtons(out, tapped)
    return undefined
  }
}
