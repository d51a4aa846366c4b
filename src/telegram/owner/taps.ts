/** The owner's taps: each button as often as it may, in the chat it was sent to, while it lasts. */
import type { CallbackQuery } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import { Action } from "../../runtime/commands/action.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import { wordError } from "../../runtime/commands/error-words.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Act, Notice, TapHandler, Tapped } from "../delivery/tapped.ts"
import { formatAddress } from "../places/address.ts"

export interface TapsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  /** By the module whose actions they are. */
  readonly handlers: Readonly<Record<string, TapHandler>>
  /** Of all others: the commands. */
  readonly commands: TapHandler
}

export type TapPlace = Omit<Tapped, "action">

export class Taps {
  readonly #spec: TapsSpec

  constructor(spec: TapsSpec) {
    this.#spec = spec
  }

  async prepare(query: CallbackQuery, place: TapPlace): Promise<Effect> {
    const { kernel, say, out, handlers, commands } = this.#spec
    const end = (notice?: Notice) => out.tap(place.address, query.id, notice)
    const stored = kernel.ledger.actions.find(query.data ?? "")
    const action = stored ? Action.safeParse(stored.body).data : undefined
    if (!stored || !action || stored.expiresAt < kernel.clock.now())
      return () => end({ text: say("tap.expired") })
    if (stored.address !== formatAddress({ ...place.address, thread: null }))
      return () => end({ text: say("tap.foreign") })
    if (stored.usedAt !== null) return () => end({ text: say("tap.used") })
    const act = await (handlers[action.of] ?? commands)({ ...place, action })
    if (act === null) return () => end({ text: say("tap.expired") })
    return () => {
      const isFirst = !action.once || kernel.ledger.actions.use(stored.id, kernel.clock.now())
      end(isFirst ? this.#wording(act) : { text: say("tap.used") })
    }
  }

  #wording(act: Act): Notice | undefined {
    try {
      return act()
    } catch (error) {
      const text = wordError(error, this.#spec.say)
      if (text === null) throw error
      return { text, alert: true }
    }
  }
}
