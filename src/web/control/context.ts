import type { Context } from "hono"
import type { ControlSay } from "../../core/texts/control.ts"
import type { RuntimeStatus } from "../../protocol/control.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { SessionFeed } from "./session-feed.ts"

/** What only the composition knows of the runtime; the rest of its status is read from the ledger. */
export type ProgramStatus = Pick<
  RuntimeStatus,
  "version" | "pid" | "startedAt" | "dataDir" | "localUi" | "telegram" | "problems"
>

/** What every group of routes works with. */
export interface ControlContext {
  readonly kernel: Kernel
  readonly say: ControlSay
  readonly feed: SessionFeed
  readonly status: () => ProgramStatus
  /** Begins to end the runtime; called when the answer to who asked for it is out. */
  readonly stop: (how: { readonly agents: boolean }) => void
  /** Runs once the answer to a request has left, or its client has gone. */
  readonly afterAnswer: (request: Context, run: () => void) => void
}
