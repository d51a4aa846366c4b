/** What the owner does with a bot itself: unblocks it, takes it into a group or out of one. */
import type { ChatMember, ChatMemberUpdated } from "grammy/types"
import { z } from "zod"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import { nothing } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Button } from "../delivery/payload.ts"
import type { Act, Tapped } from "../delivery/tapped.ts"
import { type Address, isPrivate, laneOf } from "../places/address.ts"
import { isGroupOn, switchGroup } from "../places/groups.ts"
import type { RequestNotices } from "../requests/notice.ts"

export interface MembershipSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly requests: Pick<RequestNotices, "repost">
  readonly owner: number
}

interface Group {
  readonly chat: number
  readonly title: string
}

const Switched = z.object({ chat: z.number().int(), title: z.string(), on: z.boolean() })

export class Membership {
  readonly #spec: MembershipSpec

  constructor(spec: MembershipSpec) {
    this.#spec = spec
  }

  /** `change` is the owner's own doing: nobody else's is accepted. */
  prepare({ chat, old_chat_member: before, new_chat_member: after }: ChatMemberUpdated, at: Address): Effect {
    const hasCome = !isIn(before) && isIn(after)
    if (isPrivate(chat.id)) return hasCome ? () => this.#welcomeBack(at) : nothing
    const group = { chat: chat.id, title: "title" in chat ? (chat.title ?? "") : "" }
    if (!isIn(after)) return () => this.switch(group.chat, false)
    return hasCome ? () => this.#offer(group, at.bot) : nothing
  }

  switch(chat: number, on: boolean): void {
    const { ledger, clock } = this.#spec.kernel
    if (isGroupOn(ledger, chat) !== on) switchGroup(ledger, chat, { on, now: clock.now() })
  }

  /** A tap on the card of a group: what holds now, and the way back. */
  readonly tapped = ({ action, address: to, message }: Tapped): Act | null => {
    const group = Switched.safeParse(action.args).data
    if (!group) return null
    return () => {
      this.#switched(group, { to, message })
      return undefined
    }
  }

  #switched(
    { chat, title, on }: z.infer<typeof Switched>,
    { to, message }: { to: Address; message: number },
  ): void {
    const { say, out } = this.#spec
    this.switch(chat, on)
    const buttons = [[this.#button({ chat, title }, !on, to)]]
    const text = say(on ? "group.on" : "group.off", { title })
    out.edit(to, { message }, text, { priority: "answer", buttons })
  }

  /** What could not be sent meanwhile goes by itself; what was asked before is asked again. */
  #welcomeBack(at: Address): void {
    const { kernel, requests } = this.#spec
    for (const request of kernel.ledger.requests.allOpen()) {
      const session = kernel.ledger.sessions.find(request.session)
      if (session) requests.repost(request, session, laneOf(at))
    }
  }

  #offer(group: Group, bot: number): void {
    const { kernel, say, out, owner } = this.#spec
    const to = { bot, chat: owner, thread: null }
    const on = isGroupOn(kernel.ledger, group.chat)
    const { title } = group
    const buttons = [[this.#button(group, !on, to)]]
    out.text(to, say(on ? "group.on" : "group.added", { title }), { key: null, priority: "answer", buttons })
  }

  #button({ chat, title }: Group, on: boolean, to: Address): Button {
    const { say, out } = this.#spec
    const label = say(on ? "button.group_on" : "button.group_off")
    return out.button(
      to,
      label,
      { of: "group", verb: "switch", args: { chat, title, on } },
      on ? "success" : "danger",
    )
  }
}

/** A member that left, was removed or blocked the bot is not in. */
function isIn(member: ChatMember): boolean {
  switch (member.status) {
    case "creator":
    case "administrator":
    case "member":
      return true
    case "restricted":
      return member.is_member
    case "left":
    case "kicked":
      return false
  }
}
