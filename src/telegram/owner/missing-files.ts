/** A prompt whose files cannot be had: it waits, and the owner says what becomes of it. */
import type { Message } from "grammy/types"
import { z } from "zod"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Hold } from "../../core/turn.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Act, removeButtons, type Tapped } from "../delivery/tapped.ts"
import type { Address } from "../places/address.ts"

/** A prompt as it came. */
export interface Unfinished {
  readonly messages: readonly Message[]
  readonly clientId: string
  readonly hold: Hold | null
}

export interface MissingFilesSpec {
  readonly say: TelegramSay
  readonly out: Outgoing
  /** Begins anew; `without`: with whatever files can be had. */
  readonly prepare: (
    prompt: Unfinished,
    how: { readonly address: Address; readonly without: boolean; readonly attempt: string },
  ) => Promise<Effect>
}

/** Stored by us, read by us: what matters is that it is there. */
const Args = z.object({
  messages: z.array(z.custom<Message>((value) => typeof value === "object" && value !== null)).min(1),
  clientId: z.string(),
  hold: z.custom<Hold>((value) => typeof value === "object").nullable(),
})

export class MissingFiles {
  readonly #spec: MissingFilesSpec

  constructor(spec: MissingFilesSpec) {
    this.#spec = spec
  }

  /** Only inside an effect. */
  ask(
    prompt: Unfinished,
    about: {
      readonly address: Address
      readonly session: SessionId
      readonly problems: readonly string[]
      readonly attempt: string
      /** There is something to run without them. */
      readonly hasMore: boolean
    },
  ): void {
    const { say, out } = this.#spec
    const { address, session, problems, attempt, hasMore } = about
    const args = { messages: prompt.messages, clientId: prompt.clientId, hold: prompt.hold }
    const offer = (verb: "again" | "without" | "skip") => ({ of: "fetch", verb, args, session }) as const
    const buttons = [
      [out.button(address, say("button.try_again"), offer("again"), "primary")],
      ...(hasMore ? [[out.button(address, say("button.run_without"), offer("without"))]] : []),
      [out.button(address, say("button.skip"), offer("skip"), "danger")],
    ]
    const replyTo = prompt.messages[0]?.message_id ?? null
    out.text(address, [...problems, say("file.waits")].join("\n"), {
      key: `missing:${attempt}`,
      priority: "request",
      session,
      replyTo,
      buttons,
    })
  }

  readonly tapped = (tapped: Tapped): Promise<Act> | Act | null => {
    const prompt = Args.safeParse(tapped.action.args).data
    if (!prompt) return null
    switch (tapped.action.verb) {
      case "skip":
        return () => {
          removeButtons(this.#spec.out, tapped)
          return { text: this.#spec.say("queue.skipped") }
        }
      case "again":
        return this.#again(prompt, false, tapped)
      case "without":
        return this.#again(prompt, true, tapped)
      default:
        return null
    }
  }

  async #again(prompt: Unfinished, without: boolean, tapped: Tapped): Promise<Act> {
    const { address, clientId: attempt } = tapped
    const effect = await this.#spec.prepare(prompt, { address, without, attempt })
    return () => {
      removeButtons(this.#spec.out, tapped)
      effect()
      return undefined
    }
  }
}
