/** The real `codex` against a scripted model, with a home of its own. */
import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { AttemptId, SessionId } from "../../src/protocol/ids.ts"
import type { Prompt, PromptFile, SessionSpec, Settings } from "../../src/protocol/session.ts"
import { createCodexProvider } from "../../src/providers/codex/provider.ts"
import type {
  Child,
  ChildSpec,
  Provider,
  ProviderConfig,
  ProviderSession,
  Supervisor,
} from "../../src/providers/provider.ts"
import { type ResponsesServer, startResponsesServer } from "../fakes/models/responses.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"
import { Recorder } from "./recorder.ts"

export interface Opened {
  readonly session: ProviderSession
  readonly recorder: Recorder
  /** Hands a prompt over and says under which attempt. */
  send(text: string, files?: readonly PromptFile[]): Promise<AttemptId>
}

export interface SpecChoice {
  readonly nativeId?: string | null
  readonly settings?: Settings
  readonly workspace?: string
}

export interface CodexWorld {
  readonly binary: string
  readonly model: ResponsesServer
  readonly surroundings: Surroundings
  readonly workspace: string
  readonly codexHome: string
  readonly provider: Provider
  /** The environment that a `codex` started by hand has here. */
  readonly env: Readonly<Record<string, string>>
  create(config?: ProviderConfig): Provider
  spec(choice?: SpecChoice): SessionSpec
  open(choice?: SpecChoice, provider?: Provider): Promise<Opened>
  /** Kills every app-server as a crash would, and waits until they are gone. */
  killAgents(): Promise<void>
  /** The same, after the death of every provider made so far: none of them starts anything any more. */
  killHostsAndAgents(): Promise<void>
  /** The process groups of what was started in which something still runs. */
  processes(): readonly number[]
  /** Another workspace. */
  makeWorkspace(name: string): string
  /** A `codex` as the owner starts it by hand; its output once it has ended. */
  run(...args: readonly string[]): Promise<string>
  close(): Promise<void>
}

const MODEL = "gpt-5.5"
export const API_KEY = "sk-scripted-key"

export function newAttempt(): AttemptId {
  return AttemptId.parse(randomUUID())
}

export function textPrompt(text: string): Prompt {
  return { text, files: [] }
}

/** `baseUrl` instead of the scripted model's, for one that is not there. */
export async function createCodexWorld(binary: string, baseUrl?: string): Promise<CodexWorld> {
  const surroundings = createSurroundings({ hosted: true })
  const model = await startResponsesServer()
  const { workspace, home, root, supervisor } = surroundings
  const codexHome = join(home, ".codex")
  const temp = join(root, "tmp")
  for (const directory of [codexHome, temp]) mkdirSync(directory)
  writeFileSync(join(codexHome, "config.toml"), configToml(baseUrl ?? model.baseUrl))
  // Codex makes no helper programs below the temporary directory, which otherwise holds its home here.
  const env = { SCRIPTED_API_KEY: API_KEY, TMPDIR: temp }
  const host = createMortalSupervisor(supervisor)
  const create = (config: ProviderConfig = {}): Provider => {
    const context = surroundings.context({ command: binary, ...config, env: { ...env, ...config.env } })
    return createCodexProvider({ ...context, supervisor: host.supervisor() })
  }
  const provider = create()
  const spec: CodexWorld["spec"] = (choice = {}) => ({
    session: SessionId.parse("S001"),
    provider: provider.id,
    workspace: choice.workspace ?? workspace,
    nativeId: choice.nativeId ?? null,
    settings: choice.settings ?? {},
  })
  async function killAgents(): Promise<void> {
    const pids = supervisor.running()
    for (const pid of pids) process.kill(-pid, "SIGKILL")
    await supervisor.ended(pids)
  }
  return {
    ...{ binary, model, surroundings, workspace, codexHome, provider, env, create, spec },
    async open(choice, from = provider) {
      const recorder = new Recorder()
      const session = await from.open(spec(choice), recorder)
      const send: Opened["send"] = async (text, files = []) => {
        const attempt = newAttempt()
        await session.send({ text, files }, attempt)
        return attempt
      }
      return { session, recorder, send }
    },
    killAgents,
    async killHostsAndAgents() {
      host.die()
      await host.settled()
      await killAgents()
    },
    processes() {
      const living = livingGroups()
      return supervisor.running().filter((pid) => living.has(pid))
    },
    makeWorkspace(name) {
      const directory = join(root, name)
      mkdirSync(directory)
      return directory
    },
    async run(...args) {
      const result = await supervisor.run({
        ...{ command: binary, args, cwd: workspace, env, inherit: [], label: "codex by hand" },
        timeoutMs: 20_000,
      })
      if (result.code !== 0) throw new Error(`codex ${args.join(" ")}: ${result.code}\n${result.stderr}`)
      return result.stdout
    },
    async close() {
      // Whoever is being killed now must not start another.
      host.die()
      await host.settled()
      await surroundings.close()
      await model.close()
    },
  }
}

/** Of ps(1), because a group of nothing but zombies exists as far as kill(2) knows. */
function livingGroups(): ReadonlySet<number> {
  const lines = execFileSync("ps", ["-A", "-o", "pgid=,stat="], { encoding: "utf8" }).split("\n")
  const living = lines.map((line) => line.trim().split(/\s+/)).filter(([, state]) => !state?.startsWith("Z"))
  return new Set(living.map(([group]) => Number(group)))
}

/** Supervisors that start nothing any more once their host is dead, as one process cannot really kill a part of itself. */
function createMortalSupervisor(supervisor: Supervisor) {
  let generation = 0
  const starting = new Set<Promise<unknown>>()
  return {
    supervisor(): Supervisor {
      const born = generation
      const start = async (spec: ChildSpec): Promise<Child> => {
        if (generation !== born) throw new Error("this host is dead")
        return supervisor.spawn(spec)
      }
      return {
        ...supervisor,
        spawn(spec) {
          const started = start(spec)
          starting.add(started)
          return started.finally(() => starting.delete(started))
        },
      }
    },
    die() {
      generation++
    },
    async settled() {
      await Promise.allSettled(starting)
    },
  }
}

function configToml(baseUrl: string): string {
  return `
model = "${MODEL}"
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
stream_idle_timeout_ms = 1000
[sandbox_workspace_write]
exclude_slash_tmp = true
[analytics]
enabled = false
[feedback]
enabled = false
`
}
