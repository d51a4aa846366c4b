import type { CommandSay } from "../../core/texts/command.ts"
import type { ControlSay } from "../../core/texts/control.ts"
import type { Answerer } from "../../protocol/facts.ts"
import type { RuntimeStatus } from "../../protocol/replies.ts"
import type { Kernel } from "../../runtime/kernel.ts"

/** What only the composition knows of the runtime; the rest of its status is read from the ledger. */
export type ProgramStatus = Pick<
  RuntimeStatus,
  "version" | "pid" | "startedAt" | "dataDir" | "localUi" | "telegram" | "problems"
>

/** What every handler works with. */
export interface ApiContext {
  readonly kernel: Kernel
  readonly say: ControlSay
  /** What commands answer. */
  readonly sayCommand: CommandSay
  readonly status: () => ProgramStatus
  /** Begins to end the runtime; called when the answer to who asked for it is out. */
  readonly stop: (how: { readonly agents: boolean }) => void
}

/** One call of an operation. */
export interface Call {
  /** Who asks, as the owner is told of it elsewhere. */
  readonly by: Answerer
  /** Runs once the answer has left, or its client has gone. */
  readonly afterAnswer: (run: () => void) => void
}
