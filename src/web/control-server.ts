/** The runtime's local socket (`DATA_DIR/runtime.sock`, 0600): the API as its owner's programs on this machine have it. */
import { chmodSync, rmSync } from "node:fs"
import { Hono } from "hono"
import { commandText } from "../core/texts/command.ts"
import { controlText } from "../core/texts/control.ts"
import type { Language } from "../core/texts/text.ts"
import { prepareSocketDirectory } from "../platform/socket-path.ts"
import { Feed } from "../runtime/feed/feed.ts"
import type { ApiContext } from "./api/context.ts"
import { machineDoor } from "./api/door.ts"
import { apiRoutes, refuse, stopping, unknownRoute } from "./api/mount.ts"
import { closeServer, httpServer, listen } from "./http-server.ts"
import { LiveSockets } from "./live-socket.ts"

export interface ControlServerOptions extends Omit<ApiContext, "say" | "sayCommand"> {
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
  const { kernel, socketPath, language } = options
  const context = { ...options, say: controlText(language), sayCommand: commandText(language) }
  const feed = new Feed(kernel)
  const sockets = new LiveSockets({
    ...{ kernel, feed, log: kernel.log },
    welcome: { ledger: kernel.ledger.id(), run: kernel.newId(), build: context.status().version },
  })
  kernel.add(feed)
  let isLeaving = false
  const server = httpServer(machineApp(context, { sockets, isLeaving: () => isLeaving }))
  prepareSocketDirectory(socketPath)
  rmSync(socketPath, { force: true })
  await listen(server, { path: socketPath })
  chmodSync(socketPath, 0o600)
  server.on("error", (error) => kernel.log.error({ err: error }, "the control socket failed"))
  return {
    close() {
      isLeaving = true
      sockets.close()
      feed.close()
      return closeServer(server, CLOSE_LIMIT_MS)
    },
  }
}

interface Served {
  readonly sockets: LiveSockets
  readonly isLeaving: () => boolean
}

function machineApp(context: ApiContext, { sockets, isLeaving }: Served): Hono {
  const by = { surface: "terminal", detail: context.say("by.terminal") }
  return new Hono()
    .use(async (request, next) => {
      // A kept connection would make the first request after our end fail like a fault, not like our absence.
      request.header("connection", "close")
      if (isLeaving()) return refuse(request, stopping(context).toJSON())
      await next()
    })
    .route("/", sockets.route("/v1", "machine"))
    .route("/", apiRoutes(context, { root: "/v1", keeper: machineDoor(by) }))
    .notFound((request) => unknownRoute(request, context))
}
