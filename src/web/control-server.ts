/**
 * The runtime's local socket: see `protocol/control.ts`. Who can open the socket is the owner; there is no other
 * authorisation.
 */
import { chmodSync, rmSync } from "node:fs"
import type { HttpBindings } from "@hono/node-server"
import { type Context, Hono } from "hono"
import { type ControlSay, controlText } from "../core/texts/control.ts"
import type { Language } from "../core/texts/text.ts"
import { prepareSocketDirectory } from "../platform/socket-path.ts"
import type { ControlError } from "../protocol/control.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { ControlContext } from "./control/context.ts"
import { eventRoutes } from "./control/events.ts"
import { ControlFault, faultOf, statusOf } from "./control/fault.ts"
import { programRoutes } from "./control/program.ts"
import { requestRoutes } from "./control/requests.ts"
import { SessionFeed } from "./control/session-feed.ts"
import { sessionRoutes } from "./control/sessions.ts"
import { traceRoutes } from "./control/trace.ts"
import { closeServer, httpServer, listen } from "./http-server.ts"

export interface ControlServerOptions extends Pick<ControlContext, "status" | "stop"> {
  readonly kernel: Kernel
  readonly language: Language
  /** `socketPath(dataDir, "runtime")`. Whoever calls holds the runtime's lock, so a socket found here is nobody's. */
  readonly socketPath: string
}

export interface ControlServer {
  /** Answers who waits, refuses who comes, and resolves when all answers are out. The socket is removed. */
  close(): Promise<void>
}

/** Answers that are not out by then are cut off, in ms. */
const CLOSE_LIMIT_MS = 2_000

/**
 * Call it before the kernel starts: it is told of every fact from then on.
 * @throws the system's error when the socket cannot be created.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { kernel, socketPath } = options
  const { ledger, live, clock, log } = kernel
  const feed = new SessionFeed({ ledger, live, clock })
  kernel.add(feed)
  const app = controlApp({ ...options, feed, say: controlText(options.language), afterAnswer })
  const server = httpServer(app)
  prepareSocketDirectory(socketPath)
  rmSync(socketPath, { force: true })
  await listen(server, { path: socketPath })
  chmodSync(socketPath, 0o600)
  server.on("error", (error) => log.error({ err: error }, "the control socket failed"))
  return {
    close() {
      feed.close()
      return closeServer(server, CLOSE_LIMIT_MS)
    },
  }
}

function controlApp(context: ControlContext): Hono {
  const { say, feed } = context
  return new Hono()
    .use(async (request, next) => {
      // A kept connection would make the first request after our end fail like a fault, not like our absence.
      request.header("connection", "close")
      if (feed.isClosed) throw new ControlFault("unavailable", say("error.stopping"))
      await next()
    })
    .route("/", programRoutes(context))
    .route("/", sessionRoutes(context))
    .route("/", eventRoutes(context))
    .route("/", requestRoutes(context))
    .route("/", traceRoutes(context))
    .notFound((request) => refuse(request, unknownRoute(request, say)))
    .onError((error, request) => refuse(request, faultOf(error, say) ?? kept(error, request, context)))
}

function unknownRoute({ req }: Context, say: ControlSay): ControlFault {
  return new ControlFault("not_found", say("error.unknown_route", { method: req.method, path: req.path }))
}

/** A fault of ours: the detail goes to the log, its id to the owner. */
function kept(error: Error, { req }: Context, { kernel, say }: ControlContext): ControlError["error"] {
  const about = { method: req.method, path: req.path }
  const logId = kernel.log.keep("a control request failed", { ...about, error: error.message })
  kernel.log.error({ err: error, logId, ...about }, "a control request failed")
  return { code: "internal", message: say("error.internal", { id: logId }), logId }
}

function refuse(
  request: Context,
  { code, message, ...rest }: ControlError["error"] | ControlFault,
): Response {
  const logId = "logId" in rest ? rest.logId : undefined
  const body: ControlError = { error: { code, message, ...(logId === undefined ? {} : { logId }) } }
  return request.json(body, statusOf[code])
}

function afterAnswer(request: Context, run: () => void): void {
  const { outgoing } = request.env as HttpBindings
  outgoing.once("close", run)
}
