/** The runtime without surfaces, over a real ledger and a real host with the scripted agent in it. */
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { vi } from "vitest"
import { type Clock, systemClock } from "../../src/core/clock.ts"
import type { Log } from "../../src/core/log.ts"
import type { Hold } from "../../src/core/turn.ts"
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts"
import type { Turn } from "../../src/ledger/turns.ts"
import { processStart } from "../../src/platform/process-table.ts"
import { endTree } from "../../src/platform/process-tree.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { ProviderId, SessionId, TurnId } from "../../src/protocol/ids.ts"
import type { Settings } from "../../src/protocol/session.ts"
import { ensureHost } from "../../src/runtime/host-link/launch.ts"
import type { HostLink } from "../../src/runtime/host-link/link.ts"
import { Kernel } from "../../src/runtime/kernel.ts"
import type { Step } from "../fakes/script.ts"

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "log" }

export interface KernelWorldOptions {
  readonly clock?: Clock
  readonly settings?: Settings
}

interface Submitting {
  readonly hold?: Hold | null
  readonly session?: SessionId
}

export class KernelWorld {
  readonly ledger: Ledger
  readonly workspace: string
  readonly session: SessionId
  kernel: Kernel
  readonly #root: string
  readonly #dataDir: string
  readonly #options: KernelWorldOptions
  readonly #hosts = new Map<number, string>()

  private constructor(root: string, ledger: Ledger, options: KernelWorldOptions) {
    this.#root = root
    this.#dataDir = join(root, "data")
    this.#options = options
    this.workspace = join(root, "work")
    this.ledger = ledger
    this.kernel = this.#newKernel()
    const provider = "demo" as ProviderId
    this.session = this.kernel.sessions.create({ provider, workspace: this.workspace }).id
    this.kernel.start()
  }

  static async start(options: KernelWorldOptions = {}): Promise<KernelWorld> {
    // Not below the temporary directory: agents refuse to keep their state there.
    const root = mkdtempSync(join(homedir(), ".kernel-test-"))
    const dataDir = join(root, "data")
    mkdirSync(dataDir, { mode: 0o700 })
    mkdirSync(join(root, "work"))
    writeFileSync(join(dataDir, "config.json"), "{}", { mode: 0o600 })
    return new KernelWorld(root, await openLedger(dataDir, 0), options)
  }

  #newKernel(): Kernel {
    const environment = { PATH: process.env.PATH ?? "", HOME: this.#root, LANG: "C.UTF-8" }
    return new Kernel({
      ledger: this.ledger,
      clock: this.#options.clock ?? systemClock,
      newId: randomUUID,
      random: Math.random,
      log,
      connectHost: async ({ line, ...options }) => {
        const dataDir = line.kind === "local" ? this.#dataDir : join(this.#root, line.kind)
        const clock = this.#options.clock ?? systemClock
        return this.#noted(await ensureHost({ ...options, ...this.#hostOf(dataDir), environment, clock }))
      },
      workspaceRoot: join(this.#root, "managed"),
      defaultWorkspace: null,
      defaults: () => this.#options.settings ?? {},
      defaultProvider: null,
    })
  }

  #hostOf(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(join(dataDir, "config.json"), "{}", { mode: 0o600 })
    return {
      dataDir,
      version: "0.1.0",
      hostMain: join(import.meta.dirname, "..", "fakes", "scripted-host.ts"),
    }
  }

  async #noted(link: HostLink): Promise<HostLink> {
    this.#hosts.set(link.pid, (await processStart(link.pid)) ?? "")
    return link
  }

  /** Starts the host that is reached by a line of this kind, as its own machine does. */
  async startsHost(line: string): Promise<void> {
    const environment = { PATH: process.env.PATH ?? "", HOME: this.#root, LANG: "C.UTF-8" }
    const quiet = { journal: null, acked: 0, onEvent: () => undefined, onLive: () => undefined }
    const place = this.#hostOf(join(this.#root, line))
    const link = await this.#noted(await ensureHost({ ...quiet, ...place, environment, mayStart: true }))
    link.close()
  }

  /** As a restart of the runtime does; the host and its agents go on. */
  restarts(): void {
    this.kernel.stop()
    this.kernel = this.#newKernel()
    this.kernel.start()
  }

  /** As an upgrade does; nothing of the runtime runs meanwhile. */
  stops(): void {
    this.kernel.stop()
  }

  submits(steps: readonly Step[], { hold = null, session = this.session }: Submitting = {}): TurnId {
    const prompt = { text: JSON.stringify(steps), files: [] }
    const from = { origin: "owner", channel: null, sourceMessage: null, clientId: null, hold } as const
    return this.kernel.turns.submit({ session, prompt, ...from }).id
  }

  turn(id: TurnId): Turn {
    const turn = this.ledger.turns.find(id)
    if (!turn) throw new Error("no such turn")
    return turn
  }

  until(what: string, isSo: () => boolean): Promise<void> {
    return vi.waitFor(
      () => {
        if (!isSo()) throw new Error(`not yet: ${what}`)
      },
      { timeout: 15_000, interval: 10 },
    )
  }

  isIn(state: Turn["state"], id: TurnId): Promise<void> {
    return this.until(`${state}, not ${this.turn(id).state}`, () => this.turn(id).state === state)
  }

  opens(gate: string): void {
    writeFileSync(join(this.workspace, gate), "")
  }

  /** Whether an adapter waits before this gate. */
  isAt(gate: string): boolean {
    return existsSync(join(this.workspace, `${gate}.reached`))
  }

  transcript(): readonly string[] {
    const file = join(this.workspace, "transcript")
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
  }

  /** How often a word of a prompt has reached the agent, in whatever way. */
  reached(turn: TurnId): number {
    const { prompt, attempt } = this.turn(turn)
    return this.transcript().filter(
      (line) => line === `consumed ${attempt}` || (line.startsWith("steered ") && line.endsWith(prompt.text)),
    ).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kernel.stop()
    for (const [pid, startTime] of this.#hosts) await endTree({ pid, startTime }, 4_000)
    this.ledger.close()
    rmSync(this.#root, { recursive: true, force: true })
    const socketDir = dirname(socketPath(this.#dataDir, "host"))
    if (socketDir !== this.#dataDir) rmSync(socketDir, { recursive: true, force: true })
  }
}
