/** A provider's surroundings without a host: private directories, a clean environment, the real clock. */
import { randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { ReadingValve } from "../../src/host/valve.ts"
import type { Clock, Log, ProviderConfig, ProviderContext } from "../../src/providers/provider.ts"
import { createHostSupervisor } from "../fakes/host-supervisor.ts"
import { createPlainSupervisor, type PlainSupervisor } from "../fakes/plain-supervisor.ts"

export interface Surroundings {
  readonly root: string
  readonly workspace: string
  /** The agent's own home, empty at first. */
  readonly home: string
  readonly supervisor: PlainSupervisor
  /** Everything kept in the log, by what it was. */
  readonly kept: readonly { readonly what: string; readonly payload: unknown }[]
  context(config: ProviderConfig): ProviderContext
  /** Ends what was started and removes what was made. */
  close(): Promise<void>
}

export const realClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** `hosted`: children are started by the host's own supervisor. */
export function createSurroundings({ hosted = false } = {}): Surroundings {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "ra-provider-")))
  const workspace = join(root, "workspace")
  const home = join(root, "home")
  const stateDir = join(root, "state")
  for (const dir of [workspace, home, stateDir]) mkdirSync(dir, { mode: 0o700 })
  const path = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`
  const environment = { PATH: path, HOME: home, LANG: "C.UTF-8", TMPDIR: root }
  const kept: { what: string; payload: unknown }[] = []
  const log = quietLog(kept)
  const supervisor = hosted
    ? createHostSupervisor({ environment, stateDir, log })
    : createPlainSupervisor(environment)
  return {
    root,
    workspace,
    home,
    supervisor,
    kept,
    context: (config) => ({
      stateDir,
      supervisor,
      valve: new ReadingValve(),
      clock: realClock,
      newId: randomUUID,
      log,
      config,
    }),
    async close() {
      await supervisor.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function quietLog(kept: { what: string; payload: unknown }[]): Log {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    keep: (what, payload) => `log-${kept.push({ what, payload })}`,
  }
}
