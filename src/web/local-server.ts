/**
 * The loopback address: health and numbers now, the web page later. Nothing here is secret, and only requests that
 * name this machine itself are answered: a page of the internet must not read it through a name of its own that
 * points here.
 */
import { type Context, Hono } from "hono"
import type { Log } from "../core/log.ts"
import { isLoopback } from "../core/loopback.ts"
import { type ControlSay, controlText } from "../core/texts/control.ts"
import type { Language } from "../core/texts/text.ts"
import { errorCode } from "../platform/system-error.ts"
import { closeServer, httpServer, listen } from "./http-server.ts"
import type { Metrics } from "./metrics.ts"

export type Health =
  | { readonly state: "ready" }
  /** `reason` for whoever reads it: a load balancer, a service manager, the owner. */
  | { readonly state: "starting" | "stopping"; readonly reason: string }

export interface LocalServerOptions {
  /** A loopback address. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly language: Language
  readonly health: () => Health
  readonly metrics: Pick<Metrics, "text" | "contentType">
  readonly log: Log
}

export interface LocalServer {
  readonly kind: "listening"
  /** `http://127.0.0.1:3794/`, without any secret. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** The runtime goes on without it; `message` says so to the owner, in the configured language. */
export interface LocalServerFault {
  readonly kind: "failed"
  readonly why: "port_in_use" | "not_permitted" | "failed"
  readonly message: string
}

/** Answers that are not out by then are cut off, in ms. */
const CLOSE_LIMIT_MS = 1_000

export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer | LocalServerFault> {
  const { host, log } = options
  const own = { port: options.port }
  const server = httpServer(localApp({ ...options, port: () => own.port }))
  try {
    await listen(server, { host, port: options.port })
  } catch (error) {
    return faultOf(error, options)
  }
  server.on("error", (error) => log.error({ err: error }, "the local web address failed"))
  const address = server.address()
  if (address !== null && typeof address === "object") own.port = address.port
  return {
    kind: "listening",
    url: `http://${host.includes(":") ? `[${host}]` : host}:${own.port}/`,
    port: own.port,
    close: () => closeServer(server, CLOSE_LIMIT_MS),
  }
}

function faultOf(error: unknown, { host, port, language }: LocalServerOptions): LocalServerFault {
  const say = controlText(language)
  const detail = errorCode(error)
  switch (detail) {
    case "EADDRINUSE":
      return { kind: "failed", why: "port_in_use", message: say("local.port_in_use", { host, port }) }
    case "EACCES":
      return { kind: "failed", why: "not_permitted", message: say("local.not_permitted", { host, port }) }
    default:
      return { kind: "failed", why: "failed", message: say("local.failed", { host, port, detail }) }
  }
}

interface LocalContext extends Omit<LocalServerOptions, "port"> {
  /** Known once it listens. */
  readonly port: () => number
}

const PATHS = ["/healthz", "/metrics"]

function localApp(context: LocalContext): Hono {
  const { health, metrics, log } = context
  const say = controlText(context.language)
  return new Hono()
    .use(async (request, next) => {
      request.header("cache-control", "no-store")
      request.header("x-content-type-options", "nosniff")
      if (!isOurName(request.req.header("host"), context.port())) {
        return request.text(`${say("page.bad_host")}\n`, 403)
      }
      if (isOfAnotherPage(request.req.header("sec-fetch-site")))
        return request.text(`${say("page.cross_site")}\n`, 403)
      await next()
    })
    .get("/healthz", (request) => answerHealth(request, health()))
    .get("/metrics", async (request) =>
      request.body(await metrics.text(), 200, { "content-type": metrics.contentType }),
    )
    .notFound((request) => request.text(pageText(say), 404))
    .onError((error, request) => {
      const id = log.keep("a local request failed", { path: request.req.path, error: error.message })
      log.error({ err: error, logId: id }, "a local request failed")
      return request.text(`${say("error.internal", { id })}\n`, 500)
    })
}

function answerHealth(request: Context, health: Health): Response {
  if (health.state === "ready") return request.json({ status: health.state })
  return request.json({ status: health.state, reason: health.reason }, 503)
}

function pageText(say: ControlSay): string {
  return `${say("page.none")}\n${say("page.here", { paths: PATHS.join(", ") })}\n`
}

/** `localhost`, `127.0.0.0/8` or `[::1]`, with our port; a port that is not named is 80. */
function isOurName(host: string | undefined, port: number): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(host ?? "")
  return match !== null && isLoopback(match[1] ?? "") && Number(match[2] ?? 80) === port
}

/** A browser asks for a page of somebody else's: what it cannot read it could still ask for without end. */
const isOfAnotherPage = (site: string | undefined): boolean =>
  site !== undefined && site !== "same-origin" && site !== "none"
