import { once } from "node:events"
import { request } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { describe, expect, it } from "vitest"
import type { Language } from "../../src/core/texts/text.ts"
import { type Health, type LocalServer, startLocalServer } from "../../src/web/local-server.ts"
import { ControlWorld } from "./control-world.ts"

class LocalWorld implements AsyncDisposable {
  readonly world: ControlWorld
  readonly server: LocalServer
  readonly state: { health: Health }

  private constructor(world: ControlWorld, server: LocalServer, state: { health: Health }) {
    this.world = world
    this.server = server
    this.state = state
  }

  static async start(): Promise<LocalWorld> {
    const world = await ControlWorld.start()
    const state: { health: Health } = { health: { state: "ready" } }
    const started = await serve(world, state, { port: 0 })
    if (started.kind === "failed") throw new Error(started.message)
    return new LocalWorld(world, started, state)
  }

  /** Another one in the same world. */
  serve(where: { readonly host?: string; readonly port: number; readonly language?: Language }) {
    return serve(this.world, this.state, where)
  }

  async get(
    path: string,
    { host, site, method = "GET" }: { host?: string; site?: string; method?: string } = {},
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number
      type: string
      body: string
      headers: NodeJS.Dict<string | string[]>
    }>()
    const { port } = this.server
    const headers = {
      ...(host === undefined ? {} : { host }),
      ...(site === undefined ? {} : { "sec-fetch-site": site }),
    }
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const type = response.headers["content-type"] ?? ""
      const status = response.statusCode ?? 0
      text(response).then((body) => resolve({ status, type, body, headers: response.headers }), reject)
    })
    sent.on("error", reject)
    sent.end()
    return promise
  }

  /** The value of a metric's line. */
  async metric(line: string): Promise<number> {
    const { body } = await this.get("/metrics")
    const found = body.split("\n").find((one) => one.startsWith(`${line} `))
    if (!found) throw new Error(`there is no ${line} in:\n${body}`)
    return Number(found.slice(line.length))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await this.world[Symbol.asyncDispose]()
  }
}

function serve(
  { metrics, log }: ControlWorld,
  state: { readonly health: Health },
  { host = "127.0.0.1", port, language = "en" }: { host?: string; port: number; language?: Language },
) {
  return startLocalServer({ host, port, language, metrics, log, health: () => state.health })
}

describe("the local web address", () => {
  it("says whether the runtime is ready, and why not", async () => {
    await using local = await LocalWorld.start()
    expect(await local.get("/healthz")).toMatchObject({ status: 200, body: '{"status":"ready"}' })
    for (const state of ["starting", "stopping"] as const) {
      local.state.health = { state, reason: "a reason" }
      const { status, body } = await local.get("/healthz")
      expect([status, JSON.parse(body)]).toEqual([503, { status: state, reason: "a reason" }])
    }
  })

  it("answers only under a name that cannot lead here from elsewhere", async () => {
    await using local = await LocalWorld.start()
    const { port } = local.server
    const statusOf = async (host: string) => (await local.get("/metrics", { host })).status
    for (const name of ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
      expect([name, await statusOf(`${name}:${port}`)]).toEqual([name, 200])
    const foreign = [
      ...[
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.0.1",
        "[::2]",
        "0.0.0.0",
      ],
    ]
    for (const name of foreign) expect([name, await statusOf(`${name}:${port}`)]).toEqual([name, 403])
    for (const host of ["localhost", `localhost:${port + 1}`, "evil.example"])
      expect([host, await statusOf(host)]).toEqual([host, 403])
    for (const host of [`user@localhost:${port}`, `localhost:80:${port}`])
      expect([host, await statusOf(host)]).toEqual([host, 400])
  })

  it("lets no page of another origin read it, and keeps nothing", async () => {
    await using local = await LocalWorld.start()
    for (const path of ["/healthz", "/metrics", "/"]) {
      const { headers } = await local.get(path)
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([])
      expect(headers["cache-control"]).toBe("no-store")
    }
  })

  it("answers no request that another page makes", async () => {
    await using local = await LocalWorld.start()
    const statusOf = async (path: string, site: string) => (await local.get(path, { site })).status
    for (const path of ["/healthz", "/metrics"]) {
      for (const site of ["cross-site", "same-site"])
        expect([path, await statusOf(path, site)]).toEqual([path, 403])
      for (const site of ["none", "same-origin"])
        expect([path, await statusOf(path, site)]).toEqual([path, 200])
    }
  })

  it("serves no more than 64 connections at once, and none that does not say what it wants", async () => {
    await using local = await LocalWorld.start()
    const silent = Array.from({ length: 64 }, () => connect(local.server.port, "127.0.0.1"))
    await Promise.all(silent.map((socket) => once(socket, "connect")))
    const refused = await local.get("/healthz").catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: "ECONNRESET" })
    // Their requests never begin: all are let go after ten seconds.
    await Promise.all(silent.map((socket) => once(socket.resume(), "close")))
    expect(await local.get("/healthz")).toMatchObject({ status: 200 })
  })

  it("has no page yet, and says what there is", async () => {
    await using local = await LocalWorld.start()
    const { status, type, body } = await local.get("/")
    expect([status, type]).toEqual([404, "text/plain; charset=UTF-8"])
    expect(body).toContain("/healthz, /metrics")
    expect((await local.get("/metrics", { method: "POST" })).status).toBe(404)
    expect((await local.get("/v1/status")).status).toBe(404)
  })

  it("that is taken is an answer, not an end", async () => {
    await using local = await LocalWorld.start()
    const { port } = local.server
    expect(await local.serve({ port, language: "ko" })).toMatchObject({
      ...{ kind: "failed", why: "port_in_use" },
      message: expect.stringContaining(`127.0.0.1:${port} 을(를) 다른 프로그램이`),
    })
    expect(await local.serve({ host: "192.0.2.1", port })).toMatchObject({ kind: "failed", why: "failed" })
    expect((await local.get("/healthz")).status).toBe(200)
  })
})

describe("the numbers at the local web address", () => {
  it("count turns, and show what waits and what runs", async () => {
    await using local = await LocalWorld.start()
    const { world } = local
    const session = await world.session()
    const first = await world.says(session, "one [[hold go]]")
    await world.sees(session, first, "turn.started")
    const second = await world.says(session, "two")
    expect(await local.metric("remoteagent_running_turns")).toBe(1)
    expect(await local.metric("remoteagent_queued_turns")).toBe(1)
    expect(await local.metric("remoteagent_host_up")).toBe(1)
    world.releases("go")
    await world.sees(session, second, "turn.ended")
    expect(await local.metric('remoteagent_turns_total{outcome="completed"}')).toBe(2)
    expect(await local.metric('remoteagent_turns_total{outcome="failed"}')).toBe(0)
    expect(await local.metric("remoteagent_turn_duration_seconds_count")).toBe(2)
    expect(await local.metric('remoteagent_prompt_accept_seconds_count{waited="false"}')).toBe(1)
    expect(await local.metric('remoteagent_prompt_accept_seconds_count{waited="true"}')).toBe(1)
    expect(await local.metric("remoteagent_queued_turns")).toBe(0)
    expect(await local.metric("remoteagent_ledger_bytes")).toBeGreaterThan(10_000)
  })

  it("show requests, deliveries, commits and bots", async () => {
    await using local = await LocalWorld.start()
    const { world } = local
    const session = await world.session()
    const turn = await world.says(session, "run [[perm echo hi]]")
    await world.sees(session, turn, "request.opened")
    const { ledger, clock } = world.kernel
    ledger.outbox.owe({ key: null, lane: "telegram:77:42", priority: "final", payload: {} }, clock.now())
    world.metrics.delivered("sent")
    world.metrics.received({ commitMs: 3 })
    world.bots.push({ id: 77, username: "my_bot", state: "ok" })
    world.bots.push({ id: 78, username: null, state: "starting" })
    expect(await local.metric("remoteagent_open_requests")).toBe(1)
    expect(await local.metric("remoteagent_outbox_rows")).toBe(1)
    expect(await local.metric('remoteagent_deliveries_total{result="sent"}')).toBe(1)
    expect(await local.metric('remoteagent_update_commit_seconds_bucket{le="0.0025"}')).toBe(0)
    expect(await local.metric('remoteagent_update_commit_seconds_bucket{le="0.005"}')).toBe(1)
    expect(await local.metric('remoteagent_telegram_poll_state{bot="my_bot",state="ok"}')).toBe(1)
    expect(await local.metric('remoteagent_telegram_poll_state{bot="my_bot",state="conflict"}')).toBe(0)
    expect(await local.metric('remoteagent_telegram_poll_state{bot="78",state="starting"}')).toBe(1)
  })

  it("are in Prometheus' text format: every metric described, typed, and of one value a line", async () => {
    await using local = await LocalWorld.start()
    const { type, body } = await local.get("/metrics")
    expect(type).toBe("text/plain; version=0.0.4; charset=utf-8")
    const lines = body.split("\n").filter((line) => line !== "")
    const sample = /^([a-z_0-9]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[\d.e+-]+|NaN|[+-]Inf)$/i
    expect(lines.filter((line) => !/^# (HELP|TYPE) \S+ .+$/.test(line) && !sample.test(line))).toEqual([])
    const typed = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? [])
    expect(new Set(typed).size).toBe(typed.length)
    expect(typed).toContain("process_cpu_seconds_total")
    expect(typed).not.toContain("nodejs_eventloop_lag_p99_seconds")
  })
})
