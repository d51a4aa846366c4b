/** The owner of a campaign: does all that an owner does, in an order drawn from a seed, and remembers what was asked. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Message } from "grammy/types"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { entry, type World } from "../world.ts"
import type { Random } from "./random.ts"

/** A prompt, from wherever it came. */
export interface Sent {
  /** Begins its text, and so its answer: `p12.` */
  readonly tag: string
  readonly chat: Conversation
  /** Null for one from a terminal. */
  readonly message: Message | null
  /** What the words tell the agent to do. */
  readonly manner: string
  readonly at: number
  /** What it said, and was changed to. */
  readonly versions: string[]
  /** What the terminal was told, which waits for the end. */
  told: string | null
}

const MANNERS = [
  ...["", "", "", "[[slow 150]]", "[[slow 400]]", "[[slow 1200]]", "[[tool true]]", "[[perm]]"],
  ...["[[flaky 1]]", "[[crash]]", "[[stop refusal]]"],
]

export class Owner {
  readonly sent: Sent[] = []
  /** When the owner took something back: `/stop`, or a tap on Drop. */
  readonly takenBack: number[] = []
  readonly #world: World
  readonly #random: Random
  readonly #chats: Conversation[]
  readonly #decided = new Set<string>()
  readonly #errands = new Set<Promise<unknown>>()
  #isOver = false
  #deciding: NodeJS.Timeout | null = null

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
    this.#chats = world.bots.map((_, index) => world.owner(index))
  }

  get chats(): readonly Conversation[] {
    return this.#chats
  }

  /** Allows whatever is asked, as soon as it is seen. */
  begin(): void {
    this.#deciding = setInterval(() => {
      for (const chat of this.#chats) this.#tapAll(chat, /^(Allow once|Run)$/)
    }, 100)
  }

  /** Errands that are still on their way are waited for. */
  async end(): Promise<void> {
    if (this.#deciding) clearInterval(this.#deciding)
    this.#isOver = true
    await Promise.all(this.#errands)
  }

  /** One prompt at least, and whatever else comes to mind. */
  async acts(): Promise<void> {
    const random = this.#random
    await this.#prompt()
    for (let more = random.between(0, 2); more > 0; more -= 1) await this.#anything()
  }

  /** So many prompts and nothing else, for a sweep over the boundaries of one message's way. */
  async says(count: number): Promise<void> {
    for (let more = count; more > 0; more -= 1) await this.#say(this.#random.pick(this.#chats))
  }

  #prompt(): Promise<void> {
    const random = this.#random
    const chat = random.pick(this.#chats)
    const chance = random.next()
    if (chance < 0.7) return this.#say(chat)
    if (chance < 0.8) return this.#album(chat)
    if (chance < 0.88) return this.#document(chat)
    if (chance < 0.95) return this.#terminal(chat)
    return this.#topic()
  }

  async #anything(): Promise<void> {
    const random = this.#random
    const chat = random.pick(this.#chats)
    const chance = random.next()
    if (chance < 0.35) return this.#say(chat)
    if (chance < 0.5) return this.#steer(chat)
    if (chance < 0.62) return this.#edit(chat)
    if (chance < 0.78) return this.#tapQueue(chat)
    if (chance < 0.86) return this.#stop(chat)
    await chat.says(random.pick(["/status", "/queue", "/list", "/new"]))
  }

  async #say(chat: Conversation): Promise<void> {
    const { tag, text, manner } = this.#words()
    this.#remember({ tag, chat, manner, message: await chat.says(text) }, text)
  }

  /** Where the agent cannot take it in, it runs next: a prompt like another. */
  async #steer(chat: Conversation): Promise<void> {
    const tag = this.#tag()
    const message = await chat.says(`/steer ${tag} also`)
    this.#remember({ tag, chat, manner: "steer", message }, `${tag} also`)
  }

  async #album(chat: Conversation): Promise<void> {
    const tag = this.#tag()
    const photo = { kind: "photo" as const, data: onePixel }
    const [message] = await chat.sendsAlbum([{ ...photo, caption: tag }, photo])
    if (message) this.#remember({ tag, chat, manner: "", message }, tag)
  }

  async #document(chat: Conversation): Promise<void> {
    const tag = this.#tag()
    const message = await chat.sendsDocument("notes.txt", Buffer.from(tag), { caption: tag })
    this.#remember({ tag, chat, manner: "", message }, tag)
  }

  async #topic(): Promise<void> {
    // The first bot is the one with topics.
    const chat = this.#world.owner(0)
    const [known] = chat.topics()
    const inside = known ? chat.inTopic(known.id) : await chat.createsTopic("Aside")
    if (!known) this.#chats.push(inside)
    await this.#say(inside)
  }

  /** The same client id until it is taken: however often the runtime dies meanwhile, it is one prompt. */
  async #terminal(chat: Conversation): Promise<void> {
    const session = sessionShownIn(chat)
    if (session === null) return this.#say(chat)
    const { tag, text, manner } = this.#words()
    const sent = this.#remember({ tag, chat, manner, message: null }, text)
    const errand = this.#send(session, sent)
    this.#errands.add(errand)
    void errand.finally(() => this.#errands.delete(errand))
  }

  async #send(session: string, sent: Sent): Promise<void> {
    const id = ["--client-id", `campaign:${sent.tag}`]
    const words = [entry, "send", session, sent.versions[0] ?? "", "--wait", "--json", ...id]
    while (!this.#isOver) {
      const run = promisify(execFile)(process.execPath, words, { env: this.#world.environment })
      const { stdout } = await run.catch((error: { readonly stdout: string }) => error)
      // A failed turn has an exit code of its own; without an outcome the runtime was not there.
      if (stdout.includes('"outcome":')) {
        sent.told = stdout
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }

  async #edit(chat: Conversation): Promise<void> {
    const sent = this.sent.findLast((one) => one.chat === chat && one.message !== null)
    if (!sent?.message) return
    const text = `${sent.versions[0]} v${sent.versions.length + 1}`
    sent.versions.push(text)
    await chat.edits(sent.message, sent.manner === "steer" ? `/steer ${text}` : text)
  }

  async #stop(chat: Conversation): Promise<void> {
    this.takenBack.push(performance.now())
    await chat.says("/stop")
  }

  async #tapQueue(chat: Conversation): Promise<void> {
    const label = this.#random.pick([/^Run next$/, /^Steer now$/, /^Drop$/])
    this.#tapAll(chat, label, { onlyOne: true })
  }

  #tapAll(chat: Conversation, label: RegExp, { onlyOne = false } = {}): void {
    for (const message of chat.messages().toReversed()) {
      for (const button of (message.reply_markup?.inline_keyboard ?? []).flat()) {
        const data = "callback_data" in button && label.test(button.text) ? button.callback_data : null
        if (data === null || this.#decided.has(data)) continue
        this.#decided.add(data)
        if (button.text === "Drop") this.takenBack.push(performance.now())
        // A tap may meet a runtime that is down; Telegram keeps it for 150 s.
        void chat.tapsForged(message, data).catch(() => this.#decided.delete(data))
        if (onlyOne) return
      }
    }
  }

  #words() {
    const tag = this.#tag()
    const manner = this.#random.pick(MANNERS)
    return { tag, manner, text: `${tag} ${manner}`.trim() }
  }

  #tag(): string {
    return `p${this.sent.length + 1}.`
  }

  #remember(given: Omit<Sent, "at" | "versions" | "told">, text: string): Sent {
    const sent = { ...given, at: performance.now(), versions: [text], told: null }
    this.sent.push(sent)
    return sent
  }
}

/** The newest session that the chat named. */
function sessionShownIn(chat: Conversation): string | null {
  for (const { text = "" } of chat.messages().toReversed()) {
    const found = /\bS\d{3,}\b/.exec(text)
    if (found) return found[0]
  }
  return null
}

/** A picture of one pixel. */
const onePixel = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64")
