/** Asks the coding agents how they are: through the running runtime, else with a host of our own that leaves again. */

import { randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import path from "node:path"
import { secretsOf } from "../core/config-secrets.ts"
import { startHost } from "../host/host.ts"
import { createProviders } from "../host/providers.ts"
import { linkKey } from "../platform/link-proof.ts"
import { createLog } from "../platform/log.ts"
import { socketPath } from "../platform/socket-path.ts"
import type { ProviderStatus } from "../protocol/session.ts"
import { connectLocal } from "../runtime/host-link/local.ts"
import type { CliContext } from "./context.ts"
import { NotRunningError } from "./control-client.ts"

const neverMs = 2_147_483_647

export async function probeProviders(context: CliContext): Promise<readonly ProviderStatus[]> {
  try {
    return (await context.client.call("providers.read", {})).providers
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error
    return await probeAlone(context)
  }
}

/** The real data directory may hold a host with live agents, so this one gets a place of its own. */
async function probeAlone(context: CliContext): Promise<readonly ProviderStatus[]> {
  const { environment, version } = context
  const home = environment.HOME || homedir()
  const caches = path.join(environment.XDG_CACHE_HOME || path.join(home, ".cache"), "remoteagent")
  mkdirSync(caches, { recursive: true, mode: 0o700 })
  const dataDir = mkdtempSync(path.join(caches, "probe-"))
  try {
    return await probeIn(context, { dataDir, version })
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function probeIn(
  { config, environment }: CliContext,
  { dataDir, version }: { readonly dataDir: string; readonly version: string },
): Promise<readonly ProviderStatus[]> {
  const log = createLog({
    path: path.join(dataDir, "host.log"),
    level: "error",
    redact: (text) => text,
    newId: randomUUID,
  })
  const started = await startHost({
    ...{ dataDir, version, environment, log, idleMs: neverMs, sessionIdleMs: neverMs },
    secrets: secretsOf(config),
    createProviders: (makeContext) => createProviders(config, makeContext),
    shield: { isWanted: false, workspaceRoot: config.sessions.workspaceRoot },
  })
  if (started.kind === "taken") throw new Error("a fresh directory cannot have a host")
  const link = await connectLocal({
    ...{ socketPath: socketPath(dataDir, "host"), key: linkKey(dataDir) },
    ...{ version, journal: null, acked: 0 },
    onEvent: () => undefined,
    onLive: () => undefined,
  })
  try {
    const { providers } = await link.command({ kind: "provider.list" })
    const probes = providers.map(({ id }) => link.command({ kind: "provider.probe", provider: id }))
    return (await Promise.all(probes)).map(({ status }) => status)
  } finally {
    link.close()
    await started.host.stop("everything has been asked")
  }
}
