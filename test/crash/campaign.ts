/**
 * Kills runtime and host again and again under load, then looks from the outside whether the promise held: no prompt
 * lost, none run twice, none left without an answer or a stated reason.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Message } from "grammy/types"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { prepareWorld, type World } from "../world.ts"
import type { Plan } from "./hook.ts"
import { Random } from "./random.ts"

export interface CampaignOptions {
  readonly seed: number
  readonly kills: number
  readonly bots: number
  /** Instead of random kills: every boundary in turn, up to this many steps from when it is armed. */
  readonly sweep?: number
  readonly onRound?: (round: Round) => void
}

export interface Round {
  readonly number: number
  readonly victim: Victim
  /** How it was ended: at a boundary, or at an instant so many milliseconds after the load. */
  readonly how: string
}

type Victim = "runtime" | "host"

/** Without a plan it is hit at a random instant. */
interface Strike {
  readonly victim: Victim
  readonly plan: Plan | null
}

function everyBoundary(steps: number): readonly Strike[] {
  const strikes: Strike[] = []
  for (let n = 1; n <= steps; n += 1) {
    for (const victim of ["runtime", "host"] as const) {
      for (const at of ["commit", "write"] as const) {
        for (const when of ["before", "after"] as const) strikes.push({ victim, plan: { at, when, n } })
      }
    }
  }
  return strikes
}

export interface Verdict {
  readonly seed: number
  readonly kills: Readonly<Record<Victim, number>>
  readonly atBoundaries: number
  readonly prompts: number
  readonly answered: number
  /** Ended with a stated reason instead of an answer: the host died while the agent worked on it. */
  readonly explained: number
  readonly resent: number
  /** Each one is a broken promise. */
  readonly faults: readonly string[]
}

interface Sent {
  readonly tag: string
  readonly chat: Conversation
  readonly message: Message
}

const BOUNDARY_WAIT_MS = 1_500
const SETTLE_LIMIT_MS = 150_000

export async function runCampaign(options: CampaignOptions): Promise<Verdict> {
  const world = await prepareWorld({
    bots: options.bots,
    environment: {
      NODE_OPTIONS: `--import ${fileURLToPath(new URL("./hook.ts", import.meta.url))}`,
    },
  })
  await using _ = world
  return await new Campaign(world, options).run()
}

class Campaign {
  readonly #world: World
  readonly #options: CampaignOptions
  readonly #random: Random
  readonly #planFile: string
  readonly #chats: readonly Conversation[]
  readonly #sent: Sent[] = []
  readonly #kills = { runtime: 0, host: 0 }
  #atBoundaries = 0

  constructor(world: World, options: CampaignOptions) {
    this.#world = world
    this.#options = options
    this.#random = new Random(options.seed)
    this.#planFile = join(world.directory, "plan.json")
    this.#chats = world.bots.map((_, index) => world.owner(index))
  }

  async run(): Promise<Verdict> {
    const world = this.#world
    world.setEnvironment({ CRASH_PLAN: this.#planFile })
    const tapping = this.#tapApprovals()
    await world.starts()
    const strikes = this.#options.sweep ? everyBoundary(this.#options.sweep) : this.#randomStrikes()
    let number = 0
    for (const strike of strikes) {
      number += 1
      await this.#round(number, strike)
    }
    const unsettled = await this.#settle()
    tapping.stop()
    return this.#judge(unsettled)
  }

  *#randomStrikes(): Generator<Strike> {
    const random = this.#random
    for (let number = 1; number <= this.#options.kills; number += 1) {
      const isRuntime = random.next() < 0.6
      const atBoundary = random.next() < 0.6
      const at = random.pick(["commit", "write"] as const)
      const when = random.pick(["before", "after"] as const)
      const plan = { at, when, n: random.between(1, 14) }
      const victim = isRuntime || this.#world.hostPid === null ? "runtime" : "host"
      yield { victim, plan: atBoundary ? plan : null }
    }
  }

  async #round(number: number, { victim, plan }: Strike): Promise<void> {
    const random = this.#random
    if (plan) this.#arm(victim, plan)
    for (let prompts = random.between(1, 2); prompts > 0; prompts -= 1) await this.#say()
    const delay = random.between(0, 400)
    const hit = plan !== null && (await this.#diesByItself(victim))
    if (!hit) await new Promise((resolve) => setTimeout(resolve, delay))
    if (hit) this.#atBoundaries += 1
    const how = hit && plan ? `${plan.when} ${plan.at} ${plan.n}` : `after ${delay} ms`
    this.#options.onRound?.({ number, victim, how })
    this.#kills[victim] += 1
    if (victim === "runtime") await this.#world.restarts()
    else if (!hit) this.#world.killHost()
  }

  #arm(victim: Victim, plan: Plan): void {
    writeFileSync(this.#planFile, JSON.stringify(plan))
    const pid = victim === "runtime" ? this.#world.runtimePid : this.#world.hostPid
    if (pid !== null) process.kill(pid, "SIGUSR2")
  }

  async #diesByItself(victim: Victim): Promise<boolean> {
    const pid = victim === "runtime" ? this.#world.runtimePid : this.#world.hostPid
    const limit = performance.now() + BOUNDARY_WAIT_MS
    while (performance.now() < limit) {
      if (!isAlive(pid)) return true
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return false
  }

  async #say(): Promise<void> {
    const random = this.#random
    const tag = `p${this.#sent.length + 1}.`
    const marker = random.pick(["", "", "[[slow 150]]", "[[slow 400]]", "[[tool true]]", "[[perm]]"])
    const chat = random.pick(this.#chats)
    const message = await chat.says(`${tag} ${marker}`.trim())
    this.#sent.push({ tag, chat, message })
  }

  /** The owner allows whatever is asked, as soon as it is seen. */
  #tapApprovals(): { stop(): void } {
    const tapped = new Set<string>()
    const timer = setInterval(() => {
      for (const chat of this.#chats) {
        for (const message of chat.messages()) {
          const button = message.reply_markup?.inline_keyboard
            .flat()
            .find(({ text }) => text === "Allow once")
          const key = button && "callback_data" in button ? button.callback_data : null
          if (!key || tapped.has(key)) continue
          tapped.add(key)
          // A tap may meet a runtime that is down; Telegram keeps it for 150 s.
          void chat.taps(message, "Allow once").catch(() => tapped.delete(key))
        }
      }
    }, 100)
    return { stop: () => clearInterval(timer) }
  }

  /** Waits until every prompt has an answer or a reason; returns those that have none. */
  async #settle(): Promise<readonly Sent[]> {
    const limit = performance.now() + SETTLE_LIMIT_MS
    for (;;) {
      const open = this.#sent.filter((sent) => this.#outcomesOf(sent).length === 0)
      if (open.length === 0 || performance.now() > limit) return open
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  /** What the owner was told about a prompt: its answer, or why there is none. */
  #outcomesOf({ tag, chat, message }: Sent): readonly Message[] {
    return chat.messages().filter((seen) => {
      if (seen.from?.id === message.from?.id || seen.text === undefined) return false
      if (seen.text.includes(`echo: ${tag}`)) return true
      return seen.reply_to_message?.message_id === message.message_id && isReason(seen.text)
    })
  }

  #judge(unsettled: readonly Sent[]): Verdict {
    const consumed = this.#world.consumed().map(({ text }) => text.split(" ")[0] ?? "")
    const faults: string[] = unsettled.map(({ tag }) => `${tag} was left without an answer or a reason`)
    let answered = 0
    let explained = 0
    let resent = 0
    for (const sent of this.#sent) {
      const runs = consumed.filter((tag) => tag === sent.tag).length
      if (runs > 1) faults.push(`${sent.tag} was run ${runs} times`)
      const outcomes = this.#outcomesOf(sent)
      const marked = outcomes.filter((message) => message.text?.includes("(resent)"))
      resent += marked.length
      if (outcomes.length - marked.length > 1) faults.push(`${sent.tag} was answered twice without a mark`)
      if (outcomes.some((message) => message.text?.includes(`echo: ${sent.tag}`))) answered += 1
      else if (outcomes.length > 0) explained += 1
      if (runs === 0 && !outcomes.some((message) => isReason(message.text ?? "")))
        faults.push(`${sent.tag} was lost`)
    }
    for (const call of this.#world.telegram
      .rejections()
      .filter((call) => !isRepeat(call.rejection?.description)))
      faults.push(`Telegram rejected ${call.method}: ${JSON.stringify(call.rejection)}`)
    for (const call of this.#world.telegram.penaltyViolations())
      faults.push(`${call.method} went into a penalty`)
    const { seed } = this.#options
    return {
      seed,
      kills: this.#kills,
      atBoundaries: this.#atBoundaries,
      prompts: this.#sent.length,
      answered,
      explained,
      resent,
      faults,
    }
  }
}

/** What a crash cut off is done again where that is harmless; Telegram then says that it was done already. */
const isRepeat = (description = ""): boolean =>
  /message is not modified|message to delete not found/.test(description)

const isReason = (text: string): boolean => /The agent's process ended|Failed/.test(text)

function isAlive(pid: number | null): boolean {
  if (pid === null) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}
