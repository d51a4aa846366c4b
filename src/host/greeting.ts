/** Whether who greets on the link may be the runtime, and how it is talked to. */
import { isProven } from "../platform/link-proof.ts"
import {
  HOST_PROTOCOLS,
  type HostFrame,
  LINK_FEATURES,
  type LinkFeature,
  type RuntimeFrame,
} from "../protocol/host-link.ts"

export type Hello = Extract<RuntimeFrame, { type: "hello" }>
type Refused = Extract<HostFrame, { type: "refused" }>

export interface GreetingRules {
  /** Our own version. */
  readonly version: string
  /** What a runtime must know; null on a line that lets nobody else in. */
  readonly key: string | null
  /** Whether the runtime of this data directory is from before there were proofs. */
  readonly isRuntimeOld: () => boolean
}

export type Judgement =
  | { readonly kind: "fits"; readonly protocol: number; readonly features: ReadonlySet<LinkFeature> }
  | { readonly kind: "refused"; readonly frame: Refused }

export function judge(hello: Hello, { version, key, isRuntimeOld }: GreetingRules): Judgement {
  const protocol = HOST_PROTOCOLS.find((known) => hello.protocols.includes(known))
  if (protocol === undefined) {
    const reason =
      `The host is version ${version} and speaks link protocol ${HOST_PROTOCOLS.join(", ")}; ` +
      `this is version ${hello.version} and speaks ${hello.protocols.join(", ")}.`
    return refused("protocol", reason)
  }
  const { proof } = hello
  const isKnown = proof
    ? key === null || isProven(proof.mac, key, "runtime", proof.nonce)
    : key === null || (protocol === 1 && isRuntimeOld())
  if (!isKnown)
    return refused("proof", "The host takes commands only from who can read its data directory's key.")
  return {
    ...{ kind: "fits", protocol },
    features: new Set(LINK_FEATURES.filter((feature) => hello.features.includes(feature))),
  }
}

export function refused(code: Refused["code"], reason: string): Extract<Judgement, { kind: "refused" }> {
  return { kind: "refused", frame: { type: "refused", code, reason } }
}
