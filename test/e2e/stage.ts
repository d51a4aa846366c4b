/** A world with a real agent, or two, against scripted models, and what the scenarios do in it. */
import { execFile, execFileSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Message } from "@grammyjs/types/message.js"
import { claudeBinary, codexBinary } from "../agents/install.ts"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation, SeeOptions } from "../fakes/telegram/conversation.ts"
import { prepareWorld, type World, type WorldOptions } from "../world.ts"
import { type Brain, type ClaudeBrain, type CodexBrain, startClaudeBrain, startCodexBrain } from "./brain.ts"

export type AgentKind = "codex" | "claude"

export interface StageOptions extends Pick<WorldOptions, "telegram" | "bots"> {
  /** Of the host; minutes. */
  readonly sessionIdleMinutes?: number
}

export const binaries: Readonly<Record<AgentKind, string | null>> = {
  codex: codexBinary(),
  claude: claudeBinary(),
}

/** One runtime for many scenarios, each with a bot, and so a chat and a session, of its own. */
export class Stage<B extends Brain = Brain> implements AsyncDisposable {
  readonly kind: AgentKind
  readonly world: World
  readonly brain: B
  #taken = 0
  /** How many of Telegram's calls the last look saw. */
  #seen = 0
  #firstRuntime: number | null = null
  #hasDied = false

  constructor(given: { kind: AgentKind; world: World; brain: B }) {
    this.kind = given.kind
    this.world = given.world
    this.brain = given.brain
    // Start was pressed in all of them before: a bot cannot write to who never did.
    for (const [index] of this.world.bots.entries()) this.world.owner(index)
  }

  /** The owner in a chat in which nothing was said yet. */
  readonly newChat = (): Conversation => {
    this.brain.clear()
    return this.world.owner(this.#taken++)
  }

  /**
   * Throws when Telegram refused a call since the last look. A runtime that died after an edit and before it had noted
   * it down repeats the edit, at once or when that chat has room again, and Telegram says that it is none.
   */
  readonly assertClean = (): void => {
    const { telegram, runtimePid } = this.world
    this.#firstRuntime ??= runtimePid
    this.#hasDied ||= runtimePid !== this.#firstRuntime
    const seen = this.#seen
    this.#seen = telegram.calls.length
    const isRepeated = (call: CallRecord) =>
      this.#hasDied && /message is not modified/.test(call.rejection?.description ?? "")
    telegram.assertClean((call) => call.seq <= seen || isRepeated(call))
  }

  /** Where the session works that was begun in this chat. */
  readonly workspace = async (owner: Conversation): Promise<string> => {
    const told = await owner.sees(/\bS\d{3,}\b/)
    const session = /\bS\d{3,}\b/.exec(told.text ?? "")?.[0] ?? ""
    return join(`${this.world.dataDir}-workspaces`, session)
  }

  /** The agent as the owner starts it by hand, to its end. Resolves with its output. */
  readonly byHand = async (cwd: string, args: readonly string[]): Promise<string> => {
    const binary = binaries[this.kind] ?? ""
    const { PATH = "", HOME = "", LANG = "" } = this.world.environment
    const TMPDIR = join(this.world.directory, "tmp")
    mkdirSync(TMPDIR, { recursive: true })
    const env = { PATH, HOME, LANG, TMPDIR, ...this.brain.env }
    const run = promisify(execFile)(binary, args, { cwd, env, timeout: 30_000 })
    run.child.stdin?.end()
    return (await run).stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]()
    await this.brain.close()
  }
}

export async function startClaudeStage(options: StageOptions = {}): Promise<Stage<ClaudeBrain>> {
  return open("claude", await startClaudeBrain(), options)
}

export async function startCodexStage(options: StageOptions = {}): Promise<Stage<CodexBrain>> {
  return open("codex", await startCodexBrain(), options)
}

async function open<B extends Brain>(kind: AgentKind, brain: B, options: StageOptions): Promise<Stage<B>> {
  const world = await prepareWorld(worldOptions(kind, brain, options))
  // Agents look for instructions and settings up to the top of a repository: not up to that of these tests.
  execFileSync("git", ["init", "-q", world.directory])
  const stage = new Stage({ kind, brain, world })
  await world.starts()
  return stage
}

function worldOptions(kind: AgentKind, brain: Brain, options: StageOptions): WorldOptions {
  const { sessionIdleMinutes, ...rest } = options
  return {
    ...rest,
    agent: kind,
    environment: { [kind === "codex" ? "CODEX_BIN" : "CLAUDE_BIN"]: binaries[kind] ?? "" },
    config: {
      providers: { [kind]: { env: brain.env } },
      ...(sessionIdleMinutes === undefined ? {} : { host: { sessionIdleMinutes } }),
    },
    home: kind === "codex" ? { ".codex/config.toml": codexConfig(brain.baseUrl) } : {},
  }
}

export function codexConfig(baseUrl: string): string {
  return `
model = "gpt-5.5"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "Scripted"
base_url = "${baseUrl}"
env_key = "SCRIPTED_API_KEY"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
request_max_retries = 0
stream_max_retries = 0
stream_idle_timeout_ms = 30000
[sandbox_workspace_write]
exclude_slash_tmp = true
[analytics]
enabled = false
[feedback]
enabled = false
`
}

/** The newest message on the screen that has such a button. */
export function seesButton(owner: Conversation, label: string, options?: SeeOptions): Promise<Message> {
  return owner.sees((message) => labelsOf(message).includes(label), { current: true, ...options })
}

export function labelsOf(message: Message): readonly string[] {
  return (message.reply_markup?.inline_keyboard ?? []).flat().map((button) => button.text)
}

/** Taps a button on the card that has it, and waits until the tap is answered. */
export async function decides(owner: Conversation, label: string): Promise<Message> {
  const card = await seesButton(owner, label)
  const tap = await owner.taps(card, label)
  await tap.answer()
  return card
}

/** How many messages on the screen say this. */
export function timesSaid(owner: Conversation, text: string): number {
  return owner.messages().filter((message) => message.from?.is_bot && message.text?.includes(text)).length
}
