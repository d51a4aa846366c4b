/** Puts the whole table of operations behind a door: who, what, done before?, then the handler. */
import type { HttpBindings } from "@hono/node-server"
import { type Context, Hono } from "hono"
import { type ApiError, api, type OperationName } from "../../protocol/api.ts"
import type { Operation } from "../../protocol/operation.ts"
import type { ApiContext, Call } from "./context.ts"
import type { Doorkeeper } from "./door.ts"
import { ApiFault, faultOf, statusOf } from "./fault.ts"
import { handlersOf } from "./handlers.ts"
import { inputReader } from "./input.ts"

export interface Mounting {
  /** `/v1` or `/api/v1`. */
  readonly root: string
  readonly keeper: Doorkeeper
}

type AnyHandler = (input: unknown, call: Call) => unknown
type Effect = () => object

export function apiRoutes(context: ApiContext, { root, keeper }: Mounting): Hono {
  const { kernel, say } = context
  const handlers = handlersOf(context)
  const routes = new Hono()
  for (const name of Object.keys(api) as OperationName[]) {
    const operation: Operation = api[name]
    if (!operation.doors.includes(keeper.door)) continue
    const read = inputReader(operation, say)
    // The reader's result is what the operation's own schema made: what this handler is declared to take.
    const handle = handlers[name] as AnyHandler
    routes.on(operation.method, `${root}${operation.path}`, async (request) => {
      const call = { by: keeper.admit(request, operation), afterAnswer: afterAnswer(request) }
      const input = await read(request)
      if (operation.kind !== "effect") return request.json((await handle(input, call)) as object)
      return request.json(await once(name, input as Wish, handle, call))
    })
  }
  return routes.onError((error, request) =>
    refuse(request, faultOf(error, say)?.toJSON() ?? kept(error, request, context)),
  )

  type Wish = { readonly clientId: string }

  async function once(operation: string, wish: Wish, handle: AnyHandler, call: Call): Promise<object> {
    const { clientId, ...body } = wish
    const wanted = { clientId, operation, body }
    const known = kernel.receipts.find<object>(wanted)
    if (known !== null) return { ...known, repeated: true }
    const effect = (await handle(wish, call)) as Effect
    const { reply, isRepeated } = kernel.receipts.once(wanted, effect)
    return { ...reply, repeated: isRepeated }
  }
}

/** @param say says it in the owner's language. */
export function unknownRoute(request: Context, { say }: Pick<ApiContext, "say">): Response {
  const { method, path } = request.req
  const message = say("error.unknown_route", { method, path })
  return refuse(request, { code: "not_found", reason: "unknown_route", message })
}

/** Whoever asks while the runtime leaves is answered by the next one. */
export function stopping({ say }: Pick<ApiContext, "say">): ApiFault {
  const remedy = { kind: "repeat", afterMs: 1_000 } as const
  return new ApiFault({ code: "unavailable", reason: "stopping", message: say("error.stopping"), remedy })
}

/** A fault of ours: the detail goes to the log, its id to the owner. */
function kept(error: Error, { req }: Context, { kernel, say }: ApiContext): ApiError["error"] {
  const about = { method: req.method, path: req.path }
  const logId = kernel.log.keep("a call failed", { ...about, error: error.message })
  kernel.log.error({ err: error, logId, ...about }, "a call failed")
  return { code: "internal", reason: "internal", message: say("error.internal", { id: logId }), logId }
}

export function refuse(request: Context, error: ApiError["error"]): Response {
  const body: ApiError = { error }
  return request.json(body, statusOf[error.code])
}

function afterAnswer(request: Context): Call["afterAnswer"] {
  const { outgoing } = request.env as HttpBindings
  return (run) => outgoing.once("close", run)
}
