/** How an agent that wants to be told how to sign in is told, and what the owner is told when nobody may. */
import type { Reason } from "../../protocol/reason.ts"
import type { AcpProfile } from "./profile.ts"
import type { InitializeResult } from "./wire.ts"

type Method = NonNullable<InitializeResult["authMethods"]>[number]

/** An agent's own word for the method that it takes by default. */
const DEFAULT_META = "defaultAuthMethodId"

/**
 * The method to name in `authenticate`: the configured one, else the agent's own default, but never one that would open a
 * browser on this machine while its owner is away. Null when there is none.
 */
export function authMethod(offered: InitializeResult, configured: string | undefined): string | null {
  if (configured !== undefined) return configured
  const named = offered._meta?.[DEFAULT_META] ?? offered.agentCapabilities?._meta?.[DEFAULT_META]
  const method = offered.authMethods?.find(({ id }) => id === named)
  return method === undefined || opensSomething(method) ? null : method.id
}

/** A page or a terminal dialogue that somebody has to sit at. */
function opensSomething({ id, name, type }: Method): boolean {
  return (
    type === "terminal" ||
    /o-?auth|browser|log-?in|sign-?in|google|device|sso|\bchatgpt\b/iu.test(`${id} ${name ?? ""}`)
  )
}

export function signedOut(
  { label, signIn }: Pick<AcpProfile, "label" | "signIn">,
  offered: InitializeResult | null,
): Reason {
  const methods = offered?.authMethods?.map(({ id, name }) => name ?? id) ?? []
  if (signIn === undefined && methods.length > 0) {
    return { code: "sign_in_offered", agent: label, methods: methods.join(", ") }
  }
  return { code: "not_signed_in", agent: label, ...(signIn === undefined ? {} : { command: signIn }) }
}
