/** The runtime itself: how it is, what its agents say, and its end. */

import { Hono } from "hono"
import { isAtWork } from "../../core/turn.ts"
import {
  type ProvidersReply,
  type RuntimeStatus,
  StopRuntime,
  type StopRuntimeReceipt,
} from "../../protocol/control.ts"
import type { ControlContext } from "./context.ts"
import { readBody } from "./input.ts"

export function programRoutes(context: ControlContext): Hono {
  const { kernel, say } = context
  return new Hono()
    .get("/v1/status", (request) => request.json(readStatus(context)))
    .get("/v1/providers", async (request) => {
      const reply: ProvidersReply = { providers: await kernel.providers.statuses({ fresh: true }) }
      return request.json(reply)
    })
    .post("/v1/stop", async (request) => {
      const { agents } = await readBody(request, StopRuntime, say)
      context.afterAnswer(request, () => context.stop({ agents }))
      const receipt: StopRuntimeReceipt = { pid: context.status().pid }
      return request.json(receipt)
    })
}

function readStatus({ kernel, status }: ControlContext): RuntimeStatus {
  const { ledger, hostPid } = kernel
  const open = ledger.turns.allOpen()
  const working = new Set(open.filter(isAtWork).map((turn) => turn.session))
  return {
    ...status(),
    host: hostStatus(hostPid, working.size > 0),
    sessions: { open: ledger.overview.openSessions(), working: working.size },
    queuedTurns: open.filter((turn) => !isAtWork(turn)).length,
    openRequests: ledger.requests.allOpen().length,
    undelivered: ledger.outbox.depth(),
  }
}

/** Without work a host may leave, and nothing is wrong. */
function hostStatus(pid: number | null, isNeeded: boolean): RuntimeStatus["host"] {
  if (pid !== null) return { state: "connected", pid }
  return { state: isNeeded ? "disconnected" : "not_started" }
}
