/** `POST /v1/requests/:id/answer`: the owner's word to what an agent waits for. */
import { Hono } from "hono"
import type { StoredRequest } from "../../ledger/requests.ts"
import { type AnswerReceipt, NewAnswer } from "../../protocol/control.ts"
import type { RequestId } from "../../protocol/ids.ts"
import type { ControlContext } from "./context.ts"
import { ControlFault } from "./fault.ts"
import { readBody } from "./input.ts"

export function requestRoutes(context: ControlContext): Hono {
  return new Hono().post("/v1/requests/:id/answer", async (request) => {
    const given = await readBody(request, NewAnswer, context.say)
    return request.json(answer(context, request.req.param("id") as RequestId, given))
  })
}

function answer({ kernel, say }: ControlContext, id: RequestId, given: NewAnswer): AnswerReceipt {
  const by = { surface: "terminal", detail: say("by.terminal") }
  const result = kernel.requests.answer({ id, ...given, by })
  switch (result.kind) {
    case "accepted":
      return { outcome: "answered", by: by.detail }
    case "too_late":
      return tooLate(result.request)
    case "stale":
      return { outcome: "stale" }
    case "invalid":
      throw new ControlFault("invalid", say(`error.${result.why}`))
    case "unknown":
      throw new ControlFault("not_found", say("error.unknown_request"))
  }
}

function tooLate({ state, answeredBy }: StoredRequest): AnswerReceipt {
  if (state !== "answered") return { outcome: "gone" }
  return { outcome: "already", ...(answeredBy ? { by: answeredBy.detail } : {}) }
}
