import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { SessionId } from "../../src/protocol/ids.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { startWorld, type World } from "../world.ts"
import { allDelivered, endsAt, labels, screen, terminal, workspaceOf } from "./telegram-stage.ts"

const MEGABYTE = 1024 ** 2

describe("what the owner gets back", () => {
  it("is the whole answer, its files as far as they may leave, or a reason and what to do about it", async () => {
    await using world = await startWorld({ bots: 5 })
    await Promise.all([
      splitsAnswers(world, world.owner(0)),
      sendsFiles(world, world.owner(1)),
      explainsFailures(world, world.owner(2)),
      triesAgain(world.owner(3)),
      answersTheTerminalToo(world, world.owner(4)),
    ])
    await answersWithoutTheStore(world, world.owner(0))
    await losesTheHost(world, world.owner(3))
    world.telegram.assertClean()
  })
})

const isAnswer = ({ from, text = "" }: Message): boolean => (from?.is_bot ?? false) && /^[0-9\n]+$/.test(text)

async function sessionOf(owner: Conversation): Promise<SessionId> {
  const { text = "" } = await owner.sees(/^New session S\d+ · echo$/)
  return /S\d+/.exec(text)?.[0] as SessionId
}

async function splitsAnswers(world: World, owner: Conversation): Promise<void> {
  await owner.says("much [[big 9000]]")
  await owner.until(() => (owner.messages().filter(isAnswer).length === 3 ? true : undefined), "three parts")
  const text = owner.messages().filter(isAnswer)
  expect(text.map((message) => message.text).join("")).toBe("0123456789".repeat(900))
  const bot = world.bots[0]?.id
  const sends = world.telegram.calls.filter(({ botId, method }) => botId === bot && method === "sendMessage")
  expect(sends.slice(-3).map(({ args }) => args.disable_notification ?? false)).toEqual([false, true, true])

  await owner.says("too much [[big 40000]]")
  await owner.sees("The whole answer is in the file.")
  const file = await owner.sees((message) => message.document !== undefined)
  expect(owner.downloads(file).toString()).toBe("0123456789".repeat(4000))
}

/** Where received files are kept nothing can be written: an answer needs no such place. */
async function answersWithoutTheStore(world: World, owner: Conversation): Promise<void> {
  const store = join(world.dataDir, "attachments")
  rmSync(store, { recursive: true, force: true })
  writeFileSync(store, "in the way")
  await owner.says("again too much [[big 50000]]")
  const file = await owner.sees(({ document }) => document?.file_size === 50_000)
  expect(owner.downloads(file).toString()).toBe("0123456789".repeat(5000))
  rmSync(store)
}

async function sendsFiles(world: World, owner: Conversation): Promise<void> {
  await owner.says("hello")
  const session = await sessionOf(owner)
  const workspace = workspaceOf(world, session)
  const outside = join(world.directory, "outside.txt")
  const big = join(workspace, "big.bin")
  mkdirSync(join(workspace, "out"))
  writeFileSync(join(workspace, "out", "report.txt"), "all is well")
  writeFileSync(join(workspace, ".env"), "TOKEN=1")
  writeFileSync(outside, "not yours")
  writeFileSync(big, "")
  truncateSync(big, 51 * MEGABYTE)
  const named = (path: string) => owner.says(`file\nTELEGRAM_FILE: ${path}`)

  await named(join(workspace, "out", "report.txt"))
  const report = await owner.sees((message) => message.document?.file_name === "report.txt")
  expect(owner.downloads(report).toString()).toBe("all is well")
  expect((await owner.sees(/^echo: file$/)).text).toBe("echo: file")

  await named(outside)
  const ask = await owner.sees(/^S\d+ wants to send a file outside its workspace:\n\/.*outside\.txt · 9 B$/)
  expect((await (await owner.taps(ask, "Send it")).answer()).text).toBe("Sending it…")
  const sent = await owner.sees((message) => message.document?.file_name === "outside.txt")
  expect(owner.downloads(sent).toString()).toBe("not yours")
  await owner.until(() => labels(owner, ask.message_id).length === 0 || undefined, "no buttons")

  const secretFile = join(world.directory, "private.txt")
  writeFileSync(secretFile, "PRIVATE")
  symlinkSync(outside, join(workspace, "shown.txt"))
  await named(join(workspace, "shown.txt"))
  const link = await owner.sees(/outside its workspace:\nshown\.txt\n→ \/.*outside\.txt · 9 B$/)
  rmSync(join(workspace, "shown.txt"))
  symlinkSync(secretFile, join(workspace, "shown.txt"))
  await (await owner.taps(link, "Send it")).answer()
  await owner.sees(/changed or replaced since I asked/)

  await named("/proc/self/environ")
  await owner.sees(/^\/proc\/self\/environ is never sent/)

  await named(join(workspace, ".env"))
  const secret = await owner.sees(/^S\d+ wants to send a file named like a credential:\n\.env · 7 B$/)
  await (await owner.taps(secret, "Leave it")).answer()
  await owner.until(() => labels(owner, secret.message_id).length === 0 || undefined, "no buttons")
  await named(join(workspace, "gone.txt"))
  await owner.sees("gone.txt could not be sent: there is no such file.")
  await named(big)
  await owner.sees(/^big\.bin is 51 MB; Telegram takes at most 50 MB from a bot\./)
  const documents = owner.messages().filter(({ document }) => document !== undefined)
  expect(documents).toHaveLength(2)
  const { events } = await terminal(world).call("event.page", { session })
  expect(events.map(({ fact }) => fact).filter((fact) => fact?.kind === "file.sent")).toMatchObject([
    { file: { name: "report.txt", size: 11 }, to: { surface: "telegram" } },
    { file: { name: "outside.txt", size: 9 } },
  ])
}

async function explainsFailures(world: World, owner: Conversation): Promise<void> {
  await owner.says("do it [[error 401 unauthorized]]")
  const failed = await owner.sees(/^⚠ Failed\necho is not signed in, or its key was refused\./)
  expect(failed.text).toMatch(/Details: remoteagent logs --id \w+$/)
  expect(failed.text).not.toMatch(/401 unauthorized|\n\s+at /)
  expect(labels(owner, failed.message_id)).toEqual(["Run again"])
  expect((await (await owner.taps(failed, "Run again")).answer()).text).toBe("Running it again.")
  await owner.until(() => labels(owner, failed.message_id).length === 0 || undefined, "no buttons")
  await owner.sees(
    ({ message_id, text = "" }) => message_id > failed.message_id && text.startsWith("⚠ Failed"),
  )
  expect(world.consumed().filter(({ text }) => text.includes("401"))).toHaveLength(2)
}

async function triesAgain(owner: Conversation): Promise<void> {
  await owner.says("say nothing [[empty]]")
  const card = await owner.sees(/^⏳ Attempt 2 of 3 at \d\d:\d\d: The model answered nothing\.\nsay nothing/)
  expect(labels(owner, card.message_id)).toEqual(["Stop"])
  await owner.sees(/^⚠ Failed\n[\s\S]*Tried 3 times\./)
  await owner.sees(/^⚠ Failed · \d+s · echo/)
  expect(labels(owner, card.message_id)).toEqual([])
}

async function answersTheTerminalToo(world: World, owner: Conversation): Promise<void> {
  await owner.says("from the chat")
  const session = await sessionOf(owner)
  await owner.sees("echo: from the chat")
  await terminal(world).call("prompt.send", {
    session: session,
    clientId: "local-1",
    text: "from the keyboard",
  })
  const answer = await owner.sees("echo: from the keyboard")
  expect(answer.text).toBe("from the keyboard\n\necho: from the keyboard")
  expect(answer.entities?.[0]?.type).toBe("blockquote")

  const first = world.owner(0)
  const other = await terminal(world).call("session.create", {})
  await terminal(world).call("prompt.send", {
    session: other.id,
    clientId: "local-2",
    text: "only here [[perm echo local]]",
  })
  const asked = await first.sees(new RegExp(`^${other.id} · echo wants to run a command\necho local`))
  await first.taps(asked, "Allow once")
  await endsAt(world, other.id)
  await first.sees(({ text = "" }) => text.startsWith(other.id) && text.includes("Allowed · Telegram"))
  // What no chat shows is told to whoever shows it; the chat was only asked.
  await allDelivered(world)
  const said = world.bots.flatMap((_, index) => screen(world.owner(index)))
  expect(said.filter((text) => text.includes("only here"))).toEqual([])
}

async function losesTheHost(world: World, owner: Conversation): Promise<void> {
  await owner.says("work [[hold host]]")
  await owner.seesDraft(/holding host/)
  world.killHost()
  const lost = await owner.sees(/ended while it worked on this\. Your prompt had reached it/, {
    timeoutMs: 25_000,
  })
  expect(labels(owner, lost.message_id)).toEqual(["Continue", "Run again"])
  expect((await (await owner.taps(lost, "Continue")).answer()).text).toBe("Going on.")
  await owner.sees("echo: Continue where you stopped.")
  expect(world.consumed().filter(({ text }) => text.includes("hold host"))).toHaveLength(1)
}
