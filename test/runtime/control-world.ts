/** A real runtime without Telegram: ledger, kernel, control socket, and a real host with the echo agent. */
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import { type ControlClient, controlClient } from "../../src/cli/control-client.ts"
import { type FeedBatch, followSession } from "../../src/cli/follow-session.ts"
import { systemClock } from "../../src/core/clock.ts"
import type { Language } from "../../src/core/texts/text.ts"
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts"
import { processStart } from "../../src/platform/process-table.ts"
import { endTree } from "../../src/platform/process-tree.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { FactKind, FactOf, RecordedFact } from "../../src/protocol/facts.ts"
import type { ProviderId, TurnId } from "../../src/protocol/ids.ts"
import type { BotStatus, SessionSummary } from "../../src/protocol/replies.ts"
import { ensureHost } from "../../src/runtime/host-link/launch.ts"
import { Kernel } from "../../src/runtime/kernel.ts"
import type { ProgramStatus } from "../../src/web/api/context.ts"
import { type ControlServer, startControlServer } from "../../src/web/control-server.ts"
import { Metrics } from "../../src/web/metrics.ts"
import { CollectedLog } from "../fakes/telegram-rig.ts"

export const ECHO = "acp:echo" as ProviderId

export class ControlWorld implements AsyncDisposable {
  readonly root: string
  readonly dataDir: string
  readonly log = new CollectedLog()
  readonly stops: { readonly agents: boolean }[] = []
  readonly client: ControlClient
  /** What the status says of bots. */
  readonly bots: BotStatus[] = []
  /** Makes every question for the status fail. */
  fault: Error | null = null
  #ledger: Ledger | null = null
  #kernel: Kernel | null = null
  #metrics: Metrics | null = null
  #server: ControlServer | null = null
  readonly #hosts = new Map<number, string>()

  private constructor() {
    // Not below the temporary directory: agents refuse to keep their state there.
    this.root = mkdtempSync(join(homedir(), ".control-test-"))
    this.dataDir = join(this.root, "data")
    this.client = controlClient(this.socket)
    mkdirSync(join(this.agentState, "holds"), { recursive: true })
    mkdirSync(this.dataDir, { mode: 0o700 })
    writeFileSync(join(this.dataDir, "config.json"), JSON.stringify(this.#config()), { mode: 0o600 })
  }

  static async start(options: { readonly language?: Language } = {}): Promise<ControlWorld> {
    const world = new ControlWorld()
    // Left by a runtime that was killed.
    writeFileSync(world.socket, "")
    await world.starts(options)
    return world
  }

  get socket(): string {
    return socketPath(this.dataDir, "runtime")
  }

  get kernel(): Kernel {
    if (!this.#kernel) throw new Error("the runtime is not started")
    return this.#kernel
  }

  get metrics(): Metrics {
    if (!this.#metrics) throw new Error("the runtime is not started")
    return this.#metrics
  }

  get agentState(): string {
    return join(this.root, "agent")
  }

  async starts({ language = "en" }: { readonly language?: Language } = {}): Promise<void> {
    const { dataDir, log } = this
    const ledger = await openLedger(dataDir, Date.now())
    const environment = {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: this.root,
      LANG: "C.UTF-8",
    }
    const kernel = new Kernel({
      ...{ ledger, log, clock: systemClock, newId: randomUUID, random: Math.random },
      connectHost: async (options) => {
        const link = await ensureHost({ ...options, dataDir, environment, version: "0.1.0" })
        this.#hosts.set(link.pid, (await processStart(link.pid)) ?? "")
        return link
      },
      workspaceRoot: join(this.root, "managed"),
      defaultWorkspace: null,
      defaults: () => ({}),
      defaultProvider: null,
    })
    this.#ledger = ledger
    this.#kernel = kernel
    this.#metrics = new Metrics({ kernel, version: "0.1.0", bots: () => this.bots })
    kernel.add(this.#metrics)
    this.#server = await startControlServer({
      ...{ kernel, language, socketPath: this.socket },
      status: () => this.#status(),
      stop: (how) => this.stops.push(how),
    })
    kernel.start()
  }

  /** Ends the runtime; the host and its agents go on. */
  async ends(): Promise<void> {
    await this.#server?.close()
    this.#kernel?.stop()
    this.#ledger?.close()
    this.#server = null
    this.#kernel = null
    this.#ledger = null
  }

  session(): Promise<SessionSummary> {
    return this.client.call("session.create", { provider: ECHO })
  }

  /** Sends a prompt and returns its turn. */
  async says(session: SessionSummary, prompt: string): Promise<TurnId> {
    const { turn } = await this.client.call("prompt.send", {
      session: session.id,
      clientId: randomUUID(),
      text: prompt,
    })
    return turn
  }

  /** Until a fact of that kind, of that turn, is told over the socket. */
  async sees<K extends FactKind>(
    session: SessionSummary,
    turn: TurnId,
    kind: K,
  ): Promise<RecordedFact & { readonly fact: FactOf<K> }> {
    for await (const batch of this.follows(session)) {
      if (batch.kind !== "news") continue
      for (const event of batch.events) if (event.turn === turn && isOf(event, kind)) return event
    }
    throw new Error("the session was no longer followed")
  }

  /** What happens in a session, from its beginning on; ends with whoever reads. */
  async *follows(session: SessionSummary, after = 0): AsyncGenerator<FeedBatch> {
    const leaving = new AbortController()
    try {
      const { client } = this
      yield* followSession({ client, session: session.id, after, signal: leaving.signal })
    } finally {
      leaving.abort()
    }
  }

  releases(hold: string): void {
    writeFileSync(join(this.agentState, "holds", hold), "")
  }

  /** How often the agent was given a prompt with these words. */
  consumed(words: string): number {
    const file = join(this.agentState, "consumed.log")
    if (!existsSync(file)) return 0
    const lines = readFileSync(file, "utf8").trim().split("\n")
    return lines.filter((line) => line.includes(words)).length
  }

  /** A request as no client of ours would send it. */
  raw(
    method: string,
    path: string,
    body?: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
    const sent = request({ socketPath: this.socket, method, path, agent: false }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
    })
    sent.on("error", reject)
    sent.end(body)
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.ends()
    } finally {
      for (const [pid, startTime] of this.#hosts) await endTree({ pid, startTime }, 4_000)
      rmSync(this.root, { recursive: true, force: true })
    }
  }

  #status(): ProgramStatus {
    if (this.fault) throw this.fault
    return {
      ...{ version: "0.1.0", pid: process.pid, startedAt: Date.now(), dataDir: this.dataDir, localUi: null },
      telegram: { state: "off", bots: this.bots },
      problems: [],
    }
  }

  #config(): object {
    const agent = join(import.meta.dirname, "..", "fakes", "acp-agent.ts")
    const echo = { command: process.execPath, args: [agent], env: { ACP_AGENT_STATE: this.agentState } }
    return { providers: { acp: { echo } } }
  }
}

function isOf<K extends FactKind>(
  event: RecordedFact,
  kind: K,
): event is RecordedFact & { readonly fact: FactOf<K> } {
  return event.fact.kind === kind
}
