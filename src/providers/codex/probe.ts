/** Whether Codex can be used here, and what the owner can do if not. */
import { ProviderError } from "../../core/provider-error.ts"
import { ProviderId } from "../../protocol/ids.ts"
import type { Capabilities, Failure, Model, ProviderStatus, Remedy } from "../../protocol/session.ts"
import type { Connection } from "./connection.ts"
import {
  findCodex,
  INSTALL_COMMAND,
  isTooOld,
  LABEL,
  MINIMUM_VERSION,
  readVersion,
  SIGN_IN_COMMAND,
  UPDATE_COMMAND,
} from "./program.ts"
import { modes } from "./settings.ts"
import type { Shared } from "./shared.ts"

export const CODEX = ProviderId.parse("codex")

export const capabilities: Capabilities = {
  steer: true,
  fork: false,
  resume: true,
  listNative: true,
  approvals: true,
  questions: true,
  planMode: true,
  images: true,
  effort: true,
  sandbox: ["read-only", "workspace-write", "danger-full-access"],
  provesConsumption: true,
}

type Finding = Omit<ProviderStatus, "provider" | "label" | "capabilities" | "modes">

export async function probe(shared: Shared): Promise<ProviderStatus> {
  const finding = await look(shared).catch((error: unknown) => broken(shared, error))
  return { provider: CODEX, label: LABEL, capabilities, modes: [...modes], ...finding }
}

async function look(shared: Shared): Promise<Finding> {
  const program = await findCodex(shared.context)
  if (program === null) {
    return { state: "not_installed", remedies: [{ kind: "install", command: INSTALL_COMMAND }] }
  }
  const version = await readVersion(shared.context, program)
  if (isTooOld(version)) {
    const remedies: Remedy[] = [{ kind: "update", command: UPDATE_COMMAND, minimum: MINIMUM_VERSION }]
    return { state: "too_old", version, remedies }
  }
  const account = await shared.server.ask((connection) => connection.request("account/read", {}))
  const isSignedIn = account.account !== null || !account.requiresOpenaiAuth
  const sandboxUsable = await shared.isSandboxUsable()
  const remedies: Remedy[] = [
    ...(isSignedIn ? [] : [{ kind: "sign_in", command: SIGN_IN_COMMAND } as const]),
    ...(sandboxUsable ? [] : [SANDBOX_REMEDY]),
  ]
  return {
    state: isSignedIn ? "ready" : "signed_out",
    version,
    ...(account.account === null ? {} : { account: accountName(account.account) }),
    sandboxUsable,
    remedies,
  }
}

const SANDBOX_REMEDY: Remedy = {
  kind: "sandbox",
  detail: "",
  reason: { code: "sandbox_needs_namespaces", agent: LABEL },
}

function accountName({ type, email }: { readonly type: string; readonly email: string | null }): string {
  return email ?? (type === "apiKey" ? "API key" : type)
}

function broken({ context }: Shared, error: unknown): Finding {
  const logId = context.log.keep("codex probe", error)
  const defect: Failure = { class: "unknown", reason: { code: "adapter_failed", agent: LABEL } }
  return {
    state: "broken",
    failure: { ...(error instanceof ProviderError ? error.failure : defect), logId },
    remedies: [{ kind: "update", command: UPDATE_COMMAND, minimum: MINIMUM_VERSION }],
  }
}

/** @throws Refused, ConnectionLost */
export async function readModels(connection: Connection): Promise<readonly Model[]> {
  const { config } = await connection.request("config/read", { includeLayers: false })
  const { data } = await connection.request("model/list", { limit: 100 })
  const models = data
    .filter((model) => !model.hidden)
    .map(
      (model): Model => ({
        id: model.id,
        label: model.displayName ?? model.id,
        isDefault: config.model === null ? model.isDefault : model.id === config.model,
        efforts: model.supportedReasoningEfforts.map((effort) => effort.reasoningEffort),
      }),
    )
  if (config.model === null || models.some((model) => model.id === config.model)) return models
  // A model of the owner's own provider, which is in no list.
  return [{ id: config.model, label: config.model, isDefault: true, efforts: [] }, ...models]
}
