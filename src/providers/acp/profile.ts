import type { Mode } from "../../protocol/session.ts"

/** What must be known of an agent beyond what it says itself over the protocol. Data only. */
export interface AcpProfile {
  readonly id: string
  readonly label: string
  /** Names of its program or package, by which a configured command line is recognised. */
  readonly programs: readonly string[]
  /** Arguments that make it speak the protocol, used when none are configured. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Variables of the owner's environment that it may see; `*` at the end means a prefix. */
  readonly inherit: readonly string[]
  readonly approvals: Approvals
  /** What the protocol's `modes` are for this agent; most use them for permissions, some for thinking levels. */
  readonly modesAre: "permission" | "thinking" | "none"
  readonly modes: readonly Mode[]
  /**
   * Whose sessions may share one process. `workspace`: it looks at the directory it was started in, so each workspace
   * gets its own.
   */
  readonly sharedBy: "all" | "workspace"
  /** Whether it leaves by itself when its input ends. */
  readonly stop: "eof" | "sigterm"
  /** A session younger than this is destroyed by loading it, in ms. */
  readonly minReloadAgeMs: number
  /** A rejected permission ends the whole turn. */
  readonly rejectEndsTurn: boolean
  /** Loading an unknown session silently makes a new one, so the list has to be asked first. */
  readonly loadIsLenient: boolean
  /** The agent reports failures of the model service as an ordinary answer; this is how such an answer begins. */
  readonly errorsAsText?: RegExp
  /** Sent after the answer to `session/load`, the replay is over with the list of commands, or when it is quiet. */
  readonly replaysLate?: true
  /** How the owner gets it and signs in; shown, never run by us. */
  readonly install?: string
  readonly signIn?: string
}

/**
 * How the agent is brought to ask before it acts. `mode`: a session must be put into mode `ask`; `built_in`: it asks
 * as it is started (by `env` or by nature); `none`: it never asks; `unknown`: nobody has verified it.
 */
export type Approvals =
  | { readonly kind: "mode"; readonly ask: string }
  | { readonly kind: "built_in" }
  | { readonly kind: "none" }
  | { readonly kind: "unknown" }
