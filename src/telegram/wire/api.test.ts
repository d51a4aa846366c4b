import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { afterEach, describe, expect, it } from "vitest"
import { startRig } from "../../../test/fakes/telegram-rig.ts"
import { type BotApi, createBotApi } from "./api.ts"
import { CallError, type SendFailure } from "./call-error.ts"

const token = "123456:SECRET-SECRET-SECRET-SECRET-35"
const secret = "SECRET-SECRET"

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A server that answers as told, whatever is asked. */
async function answering(answer: Parameters<typeof createServer>[1]): Promise<BotApi> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return createBotApi({ bot: 123456, token, apiRoot: `http://127.0.0.1:${port}` })
}

function json(status: number, body: object): Parameters<typeof createServer>[1] {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  }
}

async function failure(api: BotApi, timeoutMs = 2000): Promise<CallError> {
  try {
    await api.call("sendMessage", { chat_id: 1, text: "hi" }, { timeoutMs })
  } catch (error) {
    if (error instanceof CallError) return error
    throw error
  } finally {
    api.close()
  }
  throw new Error("the call was accepted")
}

function refusal(code: number, description: string, parameters?: object) {
  return json(code, { ok: false, error_code: code, description, parameters })
}

const cut: Parameters<typeof createServer>[1] = (request) => request.socket.destroy()
const half: Parameters<typeof createServer>[1] = (_request, response) => {
  response.writeHead(200, { "content-length": 100 }).write('{"ok":true,"res', () => response.destroy())
}
const silent: Parameters<typeof createServer>[1] = () => undefined
const html: Parameters<typeof createServer>[1] = (_request, response) => {
  response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad Gateway</html>")
}

describe("a failed call", () => {
  it.each<[string, Parameters<typeof createServer>[1], SendFailure]>([
    ["429", refusal(429, "Too Many", { retry_after: 7 }), { kind: "flood", retryAfterSeconds: 7 }],
    ["429 without a time", refusal(429, "Too Many"), { kind: "flood", retryAfterSeconds: 5 }],
    ["400", refusal(400, "Bad Request: x"), { kind: "rejected", description: "Bad Request: x" }],
    ["403", refusal(403, "Forbidden: x"), { kind: "blocked", description: "Forbidden: x" }],
    ["401", refusal(401, "Unauthorized"), { kind: "revoked", description: "Unauthorized" }],
    ["404", refusal(404, "Not Found"), { kind: "revoked", description: "Not Found" }],
    ["409", refusal(409, "Conflict: x"), { kind: "conflict", description: "Conflict: x" }],
    ["500", refusal(500, "Internal"), { kind: "ambiguous", detail: "status 500" }],
    ["a proxy's page", html, { kind: "ambiguous", detail: "SyntaxError" }],
    ["a reset", cut, { kind: "ambiguous", detail: "ECONNRESET" }],
    ["half an answer", half, { kind: "ambiguous", detail: "ECONNRESET" }],
  ])("knows %s", async (_name, answer, expected) => {
    const error = await failure(await answering(answer))
    expect(error.failure).toEqual(expected)
  })

  it("knows a timeout", async () => {
    const error = await failure(await answering(silent), 100)
    expect(error.failure).toEqual({ kind: "ambiguous", detail: "timeout" })
  })

  it.each([
    ["a closed port", "http://127.0.0.1:1", "ECONNREFUSED"],
    ["an unknown host", "http://no-such-host.invalid", /ENOTFOUND|EAI_AGAIN/],
  ])("knows that %s got nothing", async (_name, apiRoot, detail) => {
    const error = await failure(createBotApi({ bot: 1, token, apiRoot }))
    expect(error.failure.kind).toBe("unreachable")
    expect(error.failure).toMatchObject({ detail: expect.stringMatching(detail) })
  })

  it("knows that a plain server cannot have taken an encrypted request", async () => {
    const server = createServer(silent)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const error = await failure(createBotApi({ bot: 1, token, apiRoot: `https://127.0.0.1:${port}` }))
    expect(error.failure.kind).toBe("unreachable")
  })

  it.each<[string, Parameters<typeof createServer>[1]]>([
    [
      "an echo of the address",
      (request, response) => refusal(400, `bad ${request.url}`)?.(request, response),
    ],
    ["a reset", cut],
    ["half an answer", half],
    ["a redirect", (_request, response) => response.writeHead(302, { location: `/bot${token}/x` }).end()],
    ["a page", html],
  ])("keeps the token to itself after %s", async (_name, answer) => {
    const error = await failure(await answering(answer))
    expect([error.message, error.stack, inspect(error, { depth: 9, showHidden: true })].join()).not.toContain(
      secret,
    )
  })
})

describe("the client", () => {
  it("does not show the token when printed", () => {
    const api = createBotApi({ bot: 1, token, apiRoot: "https://api.telegram.org" })
    expect(inspect(api, { depth: 9, showHidden: true }) + JSON.stringify(api)).not.toContain(secret)
    expect(api.isLocal).toBe(false)
    api.close()
  })

  it("uses one connection for call after call", async () => {
    await using rig = await startRig({ limits: "off" })
    const ports = new Set<number | undefined>()
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort)
      json(200, { ok: true, result: true })?.(request, response)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const apiRoot = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const api = createBotApi({ bot: 1, token, apiRoot })
    rig.onEnd(() => api.close())
    for (let call = 0; call < 5; call++) await api.call("sendChatAction", { chat_id: 1, action: "typing" })
    expect(ports.size).toBe(1)
  })

  it("hands over local paths only from the directory of its bot", () => {
    const api = createBotApi({ bot: 1, token, apiRoot: "http://127.0.0.1:8081" })
    const path = `/var/lib/telegram-bot-api/${token}/documents/file_1.pdf`
    expect(api.localPath(path)).toBe(path)
    expect(api.localPath("documents/file_1.pdf")).toBeNull()
    for (const other of ["/etc/passwd", `/srv/${token}/../../etc/passwd`]) {
      expect(() => api.localPath(other)).toThrow(/outside the bot's directory/)
    }
    api.close()
  })
})
