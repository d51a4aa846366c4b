/** What agents wait for, and the owner's word to it. */
import type { StoredRequest } from "../../../ledger/requests.ts"
import type { Given } from "../../../protocol/api.ts"
import type { Answerer } from "../../../protocol/facts.ts"
import type { AnswerReceipt } from "../../../protocol/replies.ts"
import { openRequest } from "../../../runtime/feed/open-request.ts"
import type { ApiContext } from "../context.ts"
import { ApiFault } from "../fault.ts"
import type { Handlers } from "../handler.ts"

export function requestHandlers(context: ApiContext): Handlers<"request.list" | "request.answer"> {
  const { ledger } = context.kernel
  return {
    "request.list": () => ({
      requests: ledger.requests.allOpen().map((request) => openRequest(ledger, request)),
    }),
    "request.answer":
      (given, { by }) =>
      () =>
        answer(context, given, by),
  }
}

function answer(
  { kernel, say }: ApiContext,
  { request: id, version, answer: given }: Given<"request.answer">,
  by: Answerer,
): AnswerReceipt {
  const result = kernel.requests.answer({ id, version, answer: given, by })
  switch (result.kind) {
    case "accepted":
      return { outcome: "answered", by: by.detail }
    case "too_late":
      return tooLate(result.request)
    case "stale":
      return { outcome: "stale" }
    case "invalid": {
      const { why } = result
      const remedy = { kind: "correct", field: "answer" } as const
      throw new ApiFault({ code: "invalid", reason: why, message: say(`error.${why}`), remedy })
    }
    case "unknown":
      throw new ApiFault({
        ...{ code: "not_found", reason: "unknown_request", remedy: { kind: "reload" } },
        message: say("error.unknown_request"),
      })
  }
}

function tooLate({ state, answeredBy }: StoredRequest): AnswerReceipt {
  if (state !== "answered") return { outcome: "gone" }
  return { outcome: "already", ...(answeredBy ? { by: answeredBy.detail } : {}) }
}
