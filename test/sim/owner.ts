/** The owner: what they do is drawn from the seed beforehand; what they are asked they answer sooner or later. */
import type { Message } from "grammy/types"
import { Random } from "../crash/random.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { machine } from "./machine.ts"

export type Action =
  | { readonly kind: "say"; readonly words: string }
  | { readonly kind: "edit" | "stop" | "new" | "switch" | "queue" | "tap" | "status"; readonly which: number }
  | { readonly kind: "steer"; readonly words: string }
  | { readonly kind: "jump"; readonly ms: number }

export interface Planned {
  /** In ms of the machine. */
  readonly at: number
  readonly chat: number
  readonly action: Action
}

export interface Said {
  readonly tag: string
  readonly chat: number
  readonly message: Message
  readonly isSteer: boolean
  readonly at: number
  /** The texts it was given, in order. */
  readonly versions: string[]
}

const MANNERS = [
  "",
  "",
  "",
  "[[slow 900]]",
  "[[slow 6000]]",
  "[[items 4]] [[slow 1500]]",
  "[[perm]]",
  "[[perm]]",
  "[[flaky 1]]",
  "[[die]]",
  "[[fail]]",
  "[[long 9000]]",
  "[[slow 20000]]",
]

export function plan(given: {
  seed: number
  until: number
  chats: number
  jumps: boolean
}): readonly Planned[] {
  const random = new Random(given.seed ^ 0x2545f491)
  const pace = random.pick([600, 2_000, 6_000])
  const planned: Planned[] = []
  for (let at = 200; at < given.until; at += random.between(10, pace)) {
    const chat = random.between(0, given.chats - 1)
    planned.push({ at, chat, action: draw(random, given.jumps) })
    if (planned.length >= 40) break
  }
  return planned
}

function draw(random: Random, jumps: boolean): Action {
  const chance = random.next()
  const which = random.next()
  const words = random.pick(MANNERS)
  if (chance < 0.55) return { kind: "say", words }
  if (chance < 0.62) return { kind: "steer", words: "" }
  if (chance < 0.68) return { kind: "edit", which }
  if (chance < 0.73) return { kind: "stop", which }
  if (chance < 0.77) return { kind: "new", which }
  if (chance < 0.81) return { kind: "switch", which }
  if (chance < 0.84) return { kind: "queue", which }
  if (chance < 0.86) return { kind: "status", which }
  if (jumps && chance < 0.88) return { kind: "jump", ms: Math.floor((which - 0.5) * 7_200_000) }
  return { kind: "tap", which }
}

export class Owner {
  readonly said: Said[] = []
  readonly errors: string[] = []
  readonly #chats: readonly Conversation[]
  readonly #random: Random
  /** Buttons tapped to answer what is asked, and when. */
  readonly #tapped = new Map<string, number>()
  /** Prompts that the owner took back or stopped, as far as they can tell. */
  stops = 0

  constructor(given: { seed: number; chats: readonly Conversation[]; planned: readonly Planned[] }) {
    this.#chats = given.chats
    this.#random = new Random(given.seed ^ 0x9e3779b9)
    for (const { at, chat, action } of given.planned)
      machine().schedule(
        machine().world,
        at,
        () => void this.#act(chat, action).catch((error: unknown) => this.errors.push(String(error))),
      )
    this.#attend()
  }

  async #act(index: number, action: Action): Promise<void> {
    const chat = this.#chats[index]
    if (!chat) return
    machine().trace(`owner ${JSON.stringify(action)}`)
    switch (action.kind) {
      case "say":
        return this.#say(index, chat, action.words)
      case "steer": {
        const tag = `p${this.said.length + 1}.`
        const message = await chat.says(`/steer ${tag} also`)
        this.said.push({
          tag,
          chat: index,
          message,
          isSteer: true,
          at: machine().now,
          versions: [`${tag} also`],
        })
        return
      }
      case "edit": {
        const said = this.said.findLast((one) => one.chat === index)
        if (!said) return
        const text = `${said.versions[0]} v${said.versions.length + 1}`
        said.versions.push(text)
        await chat.edits(said.message, said.isSteer ? `/steer ${text}` : text)
        return
      }
      case "stop":
        this.stops += 1
        await chat.says("/stop")
        return
      case "new":
        await chat.says("/new")
        return
      case "switch":
        await chat.says(`/switch S00${1 + Math.floor(action.which * 3)}`)
        return
      case "queue":
        await chat.says("/queue")
        return
      case "status":
        await chat.says("/status")
        return
      case "jump":
        machine().wallOffset += action.ms
        return
      case "tap": {
        const buttons = this.#buttons(chat).filter(({ label }) => !/Run again|Continue/.test(label))
        const button = buttons[Math.floor(action.which * buttons.length)]
        if (button) await this.#tap(chat, button)
      }
    }
  }

  async #say(index: number, chat: Conversation, words: string): Promise<void> {
    const tag = `p${this.said.length + 1}.`
    const text = `${tag} ${words}`.trim()
    const message = await chat.says(text)
    this.said.push({ tag, chat: index, message, isSteer: false, at: machine().now, versions: [text] })
  }

  async #tap(chat: Conversation, { message, data, label }: Button): Promise<void> {
    machine().trace(`owner taps ${label}`)
    if (/Drop|Stop|Skip/.test(label)) this.stops += 1
    await chat.tapsForged(message, data)
  }

  #buttons(chat: Conversation): readonly Button[] {
    return chat
      .messages()
      .flatMap((message) =>
        (message.reply_markup?.inline_keyboard ?? [])
          .flat()
          .flatMap((button) =>
            "callback_data" in button ? [{ message, data: button.callback_data, label: button.text }] : [],
          ),
      )
  }

  /** Looks at the phone every now and then, and decides what waits for a decision. */
  #attend(): void {
    machine().schedule(machine().world, 1_500, () => {
      for (const chat of this.#chats) {
        const asking = this.#buttons(chat).filter(({ label }) => /^(Allow once|Run)$/.test(label))
        for (const button of asking) {
          const last = this.#tapped.get(button.data)
          if (last !== undefined && machine().now - last < 200_000) continue
          if (last === undefined && this.#random.next() < 0.5) continue
          this.#tapped.set(button.data, machine().now)
          void this.#tap(chat, this.#choice(chat, button)).catch((error: unknown) =>
            this.errors.push(String(error)),
          )
        }
      }
      this.#attend()
    })
  }

  #choice(chat: Conversation, asked: Button): Button {
    if (this.#random.next() < 0.7) return asked
    const others = this.#buttons(chat).filter(
      ({ message, label }) => message.message_id === asked.message.message_id && /^(Deny|Skip)$/.test(label),
    )
    return others[0] ?? asked
  }
}

interface Button {
  readonly message: Message
  readonly data: string
  readonly label: string
}
