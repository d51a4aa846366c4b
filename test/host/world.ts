/** A data directory with a real host process in it, and a runtime's end of the link to talk to it. */
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { linkKey, prove } from "../../src/platform/link-proof.ts"
import { processStart } from "../../src/platform/process-table.ts"
import { endTree } from "../../src/platform/process-tree.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import type { HostEvent } from "../../src/protocol/host-link.ts"
import type { AttemptId, ProviderId, SessionId } from "../../src/protocol/ids.ts"
import type { SessionSpec, Settings } from "../../src/protocol/session.ts"
import { ensureHost, type LaunchOptions } from "../../src/runtime/host-link/launch.ts"
import { type HostLink, HostLinkError, type LiveText } from "../../src/runtime/host-link/link.ts"
import type { Step } from "../fakes/script.ts"

export interface Reader {
  readonly link: HostLink
  readonly events: HostEvent[]
  readonly live: LiveText[]
  /** Acknowledges everything received so far. */
  ack(): void
  /** Until an event of that attempt and kind has come. */
  sees(attempt: AttemptId, kind: HostEvent["event"]["kind"]): Promise<HostEvent>
}

export interface WorldOptions {
  readonly config?: object
  readonly environment?: Record<string, string>
  /** Directories between the world's root and its data directory. */
  readonly nested?: string
  /** The host's program: the scripted one of this build unless told otherwise. */
  readonly hostMain?: () => string
}

export class World {
  readonly dataDir: string
  readonly workspace: string
  readonly session = "S001" as SessionId
  readonly #environment: Record<string, string>
  readonly #hosts = new Set<{ pid: number; startTime: string }>()
  #journal: string | null = null
  #nativeId: string | null = null
  #acked = 0
  #link: HostLink | null = null

  readonly #root: string

  readonly #hostMain: () => string

  constructor({ config = {}, environment = {}, nested = "", hostMain }: WorldOptions = {}) {
    this.#hostMain = hostMain ?? (() => join(import.meta.dirname, "..", "fakes", "scripted-host.ts"))
    // Not below the temporary directory: agents refuse to keep their state there.
    const root = mkdtempSync(join(homedir(), ".host-test-"))
    this.#root = root
    this.dataDir = join(root, nested, "data")
    this.workspace = join(root, "work")
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 })
    mkdirSync(this.workspace)
    writeFileSync(join(this.dataDir, "config.json"), JSON.stringify(config), { mode: 0o600 })
    this.#environment = { PATH: process.env.PATH ?? "", HOME: root, LANG: "C.UTF-8", ...environment }
  }

  /** A greeting as this data directory's runtime says it. */
  greeting(more: object = {}): object {
    const nonce = randomUUID()
    const proof = { nonce, mac: prove(linkKey(this.dataDir), "runtime", nonce) }
    return { type: "hello", protocols: [2], version: "0.1.0", journal: null, acked: 0, proof, ...more }
  }

  /** Connects, starting the host when none runs; a link made before is closed, as a runtime has one. */
  async connects(resume?: { journal: string | null; acked: number }): Promise<Reader> {
    const events: HostEvent[] = []
    const live: LiveText[] = []
    const waiting = new Set<() => void>()
    this.#link?.close()
    const link = await patiently({
      ...{ dataDir: this.dataDir, environment: this.#environment, version: "0.1.0", mayStart: true },
      ...(resume ?? { journal: this.#journal, acked: this.#acked }),
      hostMain: this.#hostMain(),
      onEvent: (event) => {
        events.push(event)
        if (event.event.kind === "session.changed") this.#nativeId = event.event.nativeId
        for (const look of waiting) look()
      },
      onLive: (text) => live.push(text),
    })
    this.#link = link
    this.#journal = link.journal
    this.#hosts.add({ pid: link.pid, startTime: (await processStart(link.pid)) ?? "" })
    return {
      ...{ link, events, live },
      ack: () => {
        this.#acked = events.at(-1)?.seq ?? this.#acked
        if (this.#acked > 0) link.ack(this.#acked)
      },
      sees: (attempt, kind) =>
        new Promise((resolve) => {
          const look = () => {
            const found = events.find(
              ({ event }) => event.kind === kind && "attempt" in event && event.attempt === attempt,
            )
            if (!found) return
            waiting.delete(look)
            resolve(found)
          }
          waiting.add(look)
          look()
        }),
    }
  }

  spec(settings: Settings = {}): SessionSpec {
    const provider = "demo" as ProviderId
    return { session: this.session, provider, workspace: this.workspace, nativeId: this.#nativeId, settings }
  }

  async starts(
    reader: Reader,
    steps: readonly Step[],
    how: { settings?: Settings; attempt?: AttemptId; recoverOnly?: boolean } = {},
  ): Promise<AttemptId> {
    const attempt = how.attempt ?? (randomUUID() as AttemptId)
    await reader.link.command({
      ...{ kind: "turn.start", attempt, spec: this.spec(how.settings) },
      prompt: { text: JSON.stringify(steps), files: [] },
      recoverOnly: how.recoverOnly ?? false,
    })
    return attempt
  }

  opens(gate: string): void {
    writeFileSync(join(this.workspace, gate), "")
  }

  transcript(): readonly string[] {
    const file = join(this.workspace, "transcript")
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
  }

  consumed(attempt: AttemptId): number {
    return this.transcript().filter((line) => line === `consumed ${attempt}`).length
  }

  /** As on a machine restored from a backup. */
  async losesJournal(reader: Reader): Promise<void> {
    await reader.link.command({ kind: "host.stop" })
    await until(async () => (await processStart(reader.link.pid)) === null)
    for (const end of ["", "-wal", "-shm"])
      rmSync(join(this.dataDir, `host-journal.sqlite${end}`), { force: true })
  }

  /** As a failing disk does. */
  async journalIsDamaged(reader: Reader): Promise<void> {
    await this.losesJournal(reader)
    writeFileSync(join(this.dataDir, "host-journal.sqlite"), "x".repeat(40_000))
  }

  async kills(reader: Reader): Promise<void> {
    process.kill(reader.link.pid, "SIGKILL")
    await reader.link.closed
    await until(async () => (await processStart(reader.link.pid)) === null)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await endTree(host, 4_000)
    rmSync(this.#root, { recursive: true, force: true })
    const socketDir = dirname(socketPath(this.dataDir, "host"))
    if (socketDir !== this.dataDir) rmSync(socketDir, { recursive: true, force: true })
  }
}

/** A host on a busy machine may need longer than a greeting's limit; a runtime tries again, too. */
async function patiently(options: LaunchOptions, tries = 3): Promise<HostLink> {
  try {
    return await ensureHost(options)
  } catch (error) {
    if (tries > 1 && error instanceof HostLinkError && error.code === "silent")
      return await patiently(options, tries - 1)
    throw error
  }
}

/** Until the outside world is as expected; for what tells nobody when it changes. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("it did not come about")
    await delay(20)
  }
}
