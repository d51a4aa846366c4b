/** The runtime itself: how it is, what its agents say, and its end. */
import { readWorkStatus } from "../../../runtime/feed/overview.ts"
import type { ApiContext } from "../context.ts"
import type { Handlers } from "../handler.ts"

export function programHandlers(
  context: ApiContext,
): Handlers<"status.read" | "providers.read" | "runtime.stop"> {
  const { kernel, status, stop } = context
  return {
    "status.read": () => ({
      ...status(),
      ...readWorkStatus(kernel),
      undelivered: kernel.ledger.outbox.depth(),
    }),
    "providers.read": async () => ({ providers: await kernel.providers.statuses({ fresh: true }) }),
    "runtime.stop": ({ agents }, { afterAnswer }) => {
      afterAnswer(() => stop({ agents }))
      return { pid: status().pid }
    },
  }
}
