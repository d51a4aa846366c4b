/** The real `claude` against a scripted model, with a home of its own. */
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { AttemptId, SessionId } from "../../src/protocol/ids.ts"
import type { Item, PromptFile, SessionSpec, Settings } from "../../src/protocol/session.ts"
import { createClaudeProvider } from "../../src/providers/claude/provider.ts"
import type { Provider, ProviderConfig, ProviderSession } from "../../src/providers/provider.ts"
import { type MessagesModel, startMessagesModel } from "../fakes/models/messages.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"
import { Recorder } from "./recorder.ts"

export interface Opened {
  readonly session: ProviderSession
  readonly recorder: Recorder
  /** Hands a prompt over and says under which attempt. */
  send(text: string, files?: readonly PromptFile[]): Promise<AttemptId>
}

export interface ClaudeWorld {
  readonly binary: string
  readonly model: MessagesModel
  readonly surroundings: Surroundings
  readonly workspace: string
  readonly configDir: string
  readonly provider: Provider
  /** The environment that a `claude` started by hand has here. */
  readonly env: Readonly<Record<string, string>>
  create(config?: ProviderConfig): Provider
  spec(more?: {
    readonly nativeId?: string | null
    readonly settings?: Settings
    readonly workspace?: string
  }): SessionSpec
  open(spec?: SessionSpec, provider?: Provider): Promise<Opened>
  /** Closes what `open` opened and is not closed yet. */
  closeSessions(): Promise<void>
  /** Kills every agent as the death of the machine's power would, and waits until they are gone. */
  killAgents(): Promise<void>
  close(): Promise<void>
}

export function newAttempt(): AttemptId {
  return AttemptId.parse(randomUUID())
}

/** The last state of the attempt's first item of a kind. */
export function itemOf<K extends Item["kind"]>(
  { recorder }: Opened,
  attempt: AttemptId,
  kind: K,
): Extract<Item, { kind: K }> {
  const isWanted = (item: Item): item is Extract<Item, { kind: K }> => item.kind === kind
  const found = recorder.items(attempt).find(isWanted)
  if (found === undefined) throw new Error(`no ${kind} among ${JSON.stringify(recorder.items(attempt))}`)
  return found
}

export async function createClaudeWorld(binary: string): Promise<ClaudeWorld> {
  const surroundings = createSurroundings()
  const model = await startMessagesModel()
  const { workspace, home, supervisor } = surroundings
  const env = {
    ANTHROPIC_BASE_URL: model.baseUrl,
    ANTHROPIC_API_KEY: "sk-ant-scripted",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    CLAUDE_CODE_MAX_RETRIES: "1",
  }
  const create = (config: ProviderConfig = {}): Provider =>
    createClaudeProvider(surroundings.context({ command: binary, ...config, env: { ...env, ...config.env } }))
  const provider = create()
  const opened = new Set<ProviderSession>()
  const spec: ClaudeWorld["spec"] = (more = {}) => ({
    session: SessionId.parse("S001"),
    provider: provider.id,
    workspace: more.workspace ?? workspace,
    nativeId: more.nativeId ?? null,
    settings: more.settings ?? {},
  })
  return {
    binary,
    model,
    surroundings,
    workspace,
    configDir: join(home, ".claude"),
    provider,
    env,
    create,
    spec,
    async open(wanted = spec(), from = provider) {
      const recorder = new Recorder()
      const session = await from.open(wanted, recorder)
      opened.add(session)
      const send = async (text: string, files: readonly PromptFile[] = []): Promise<AttemptId> => {
        const attempt = newAttempt()
        await session.send({ text, files }, attempt)
        return attempt
      }
      return { session, recorder, send }
    },
    async closeSessions() {
      await Promise.all([...opened].map((session) => session.close()))
      opened.clear()
    },
    async killAgents() {
      const pids = supervisor.running()
      for (const pid of pids) process.kill(-pid, "SIGKILL")
      await supervisor.ended(pids)
    },
    async close() {
      await surroundings.close()
      await model.close()
    },
  }
}
