import { mkdirSync } from "node:fs"
import { join } from "node:path"
import type { Message } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import type { FakeBot } from "../fakes/telegram/bot.ts"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation, Matcher } from "../fakes/telegram/conversation.ts"
import { OWNER, prepareWorld, startWorld, type World } from "../world.ts"
import { labels } from "./telegram-stage.ts"

/** Types a line and returns the first answer that fits, sent after it. */
async function types(owner: Conversation, line: string, answer: Matcher): Promise<Message> {
  const typed = await owner.says(line)
  return owner.sees(answer, { after: typed })
}

/** Taps a button of a card and returns what the card becomes. */
async function chooses(
  owner: Conversation,
  card: Message,
  label: string,
  becomes: Matcher,
): Promise<Message> {
  await (await owner.taps(card, label)).answer()
  return owner.sees(becomes, { after: card })
}

describe("commands", () => {
  it("do what they say, typed in full, bare with buttons, and with arguments that are wrong", async () => {
    await using world = await prepareWorld({ bots: 4 })
    const opened = [world.owner(0), world.owner(1), world.owner(2)] as const
    await world.starts()
    await Promise.all([
      startsSessions(world, opened[0]),
      movesBetweenSessions(opened[1]),
      choosesSettings(opened[2]),
      helps(world.owner(3)),
    ])
    for (const bot of world.bots) await hasItsMenu(world, bot)
    // The fourth bot was not opened yet when it came up.
    const isTooEarly = ({ method, botId }: CallRecord) =>
      method === "setMyCommands" && botId === world.bots[3]?.id
    world.telegram.assertClean(isTooEarly)
  })

  it("speak Korean where the owner does", async () => {
    await using world = await startWorld({ environment: { REMOTEAGENT_LANGUAGE: "ko" } })
    const owner = world.owner()
    await types(owner, "/start", "이 컴퓨터의 RemoteAgent가 준비되었습니다.")
    await types(owner, "/status", "이 채팅에는 아직 세션이 없습니다.")
    await types(owner, "안녕 [[hold ko]]", /^새 세션 S001 · echo$/)
    await owner.seesDraft(/작업 중/)
    await types(owner, "다음", /^⏳ 대기 중\n다음$/)
    const stopping = await types(owner, "/stop", "S001을(를) 중지하는 중…")
    expect(labels(owner, stopping.message_id)).toEqual(["중지하고 대기열 비우기"])
    await owner.sees(/^중지했습니다\./)
    await owner.sees("echo: 다음")
    await types(owner, "/model 없는것", "echo에는 “없는것” 모델이 없습니다. 가능한 모델: echo-1, echo-2")
    await types(owner, "/list", /^세션\nS001 안녕/)
    await types(owner, "/help", "할 수 있는 것")
    const menu = world.bots[0]?.commands.values().next().value ?? []
    expect(menu.find(({ command }) => command === "stop")?.description).toBe("실행 중인 작업 중지")
    world.telegram.assertClean()
  })
})

/** For the owner's chat, and for nobody else's. */
async function hasItsMenu({ telegram }: World, bot: FakeBot): Promise<void> {
  await telegram.seesCalls(
    ({ method, botId, status }) => method === "setMyCommands" && botId === bot.id && status === 200,
  )
  const scopes = [...bot.commands.keys()]
  expect(scopes).toHaveLength(1)
  expect(scopes[0]).toContain(String(OWNER))
}

async function startsSessions(world: World, owner: Conversation): Promise<void> {
  const card = await types(owner, "/start", /RemoteAgent is ready on this machine\.[\s\S]*echo — ready/)
  expect(labels(owner, card.message_id)).toContain("echo")
  const fresh = await chooses(owner, card, "echo", /^S\d+ · echo\nSend your first prompt\.$/)
  const id = /S\d+/.exec(fresh.text ?? "")?.[0]
  await types(owner, "/start nonsense", /There is no agent “nonsense”\. Known: .*demo/)
  await types(owner, "/start S999", "There is no session S999. /list shows them.")
  await types(owner, "title of the first", "echo: title of the first")

  const directory = join(world.directory, "project")
  mkdirSync(directory)
  const external = await types(owner, `/new echo ${directory}`, /^S\d+ · echo\n\/.*\/project\n/)
  expect(external.text).toContain("Send your first prompt.")
  await types(owner, "/new /does/not/exist", "/does/not/exist is not a directory on this machine.")
  await types(owner, `/new ${directory}`, /\/project\n/)
  await types(owner, "/new", /^S\d+ · echo\nSend your first prompt\.$/)
  await types(owner, `/start ${id}`, `Now here: ${id} · title of the first`)
  await types(owner, "here again", /^echo: here again$/)
}

async function movesBetweenSessions(owner: Conversation): Promise<void> {
  await types(owner, "/detach", "No session here yet.")
  await types(owner, "apples", "echo: apples")
  await types(owner, "/new", "Send your first prompt.")
  await types(owner, "pears", "echo: pears")
  const list = await types(owner, "/list", /^Sessions\n/)
  const line = (list.text ?? "").split("\n").find((text) => text.includes("pears")) ?? ""
  expect(line).toMatch(/^S\d+ pears — echo · here$/)
  const apples = labels(owner, list.message_id).find((label) => label.includes("apples")) ?? ""
  await chooses(owner, list, apples, /^Now here: S\d+ · apples$/)
  const id = apples.slice(0, 4)
  await types(
    owner,
    "/list pears",
    (message) => /pears/.test(message.text ?? "") && !/apples/.test(message.text ?? ""),
  )
  await types(owner, "/list -a plums", "No session matches “plums”.")
  await types(owner, "/switch pea", /^Now here: S\d+ · pears$/)
  await types(owner, `/switch ${Number(id.slice(1))}`, `Now here: ${id} · apples`)
  await types(owner, "/switch plums", "There is no session plums.")
  await types(owner, "/switch", /^Sessions\n/)
  const status = await types(owner, "/status", `${id} · apples`)
  expect(status.text).toMatch(/Agent: echo\nWorkspace: .*\nModel: echo-1\n/)
  expect(status.text).toMatch(/State: idle\nQueue: 0\nWaiting for you: 0/)
  await types(owner, "/detach", `This chat is detached from ${id}.`)

  const offered = await types(owner, "/attach", "Attach to a session of which agent?")
  const natives = await chooses(owner, offered, "echo", "Sessions of echo, newest first")
  const pears = labels(owner, natives.message_id).find((label) => label.includes("pears")) ?? ""
  expect(pears).toMatch(/^0m · S\d+ · pears/)
  await chooses(owner, natives, pears, /^Attached: S\d+ · pears/)
  await types(owner, "/attach echo nothing-like-it", "echo knows no session nothing-like-it.")
  await types(owner, "/attach nobody", /There is no agent “nobody”/)
}

async function choosesSettings(owner: Conversation): Promise<void> {
  await types(owner, "hello", "echo: hello")
  const models = await types(owner, "/model", /^Model of S\d+ \(now: echo-1\)$/)
  expect(labels(owner, models.message_id)).toEqual(["✓ Echo 1", "Echo 2"])
  await chooses(owner, models, "Echo 2", /^S\d+ uses echo-2 from the next prompt on\.$/)
  await types(owner, "/model echo-9", "echo does not offer “echo-9”. It offers: echo-1, echo-2")
  await types(owner, "/model echo-1", "uses echo-1 from the next prompt on.")
  await types(owner, "/effort", "echo has no effort levels.")
  await types(owner, "/effort high", "echo has no effort levels.")
  const ways = await types(owner, "/mode", /^Mode of S\d+ \(now: auto\)$/)
  expect(labels(owner, ways.message_id)).toEqual(["✓ Auto", "Ask"])
  await chooses(owner, ways, "Ask", /^S\d+ works in mode Ask from the next prompt on\.$/)
  await types(owner, "/mode yolo", "echo has no mode “yolo”. It has: auto, ask")
  await types(owner, "/sandbox", "echo has no sandbox of its own.")
  await types(owner, "/sandbox read-only", "echo has no sandbox of its own.")

  await types(owner, "/new codex", /^S\d+ · Codex/)
  const modes = await types(owner, "/mode", /^Mode of S\d+/)
  expect(labels(owner, modes.message_id)).toContain("Never ask")
  await types(owner, "/sandbox moon", "Codex has no sandbox “moon”. It has: read-only")
  const boxes = await types(owner, "/sandbox", /^Sandbox of S\d+/)
  const sure = await chooses(owner, boxes, "danger-full-access", /everything this user may do/)
  await chooses(owner, sure, "Cancel", /^Sandbox of S\d+ \(now: agent's default\)$/)
  await types(
    owner,
    "/sandbox danger-full-access confirmed",
    "Codex has no sandbox “danger-full-access confirmed”.",
  )
  const asked = await types(owner, "/sandbox danger-full-access", /^S\d+: .*everything this user may do/)
  const meant = /^S\d+/.exec(asked.text ?? "")?.[0]
  const other = await types(owner, "/new echo", /^S\d+ · echo/)
  await chooses(
    owner,
    asked,
    "Yes, I am sure",
    `${meant} works in danger-full-access from the next prompt on.`,
  )
  expect(other.text).not.toContain(meant)
  await types(owner, `/switch ${meant}`, `Now here: ${meant}`)
  await types(owner, "/sandbox read-only", /^S\d+ works in read-only from the next prompt on\.$/)
}

async function helps(owner: Conversation): Promise<void> {
  for (const line of ["/status", "/model", "/queue", "/stop", "/steer hurry"])
    await types(owner, line, "There is no session in this chat yet. Send a prompt or /new first.")
  await types(owner, "/frobnicate", "I do not know /frobnicate. /help lists what I understand.")
  const help = await types(owner, "/help", "What I understand")
  for (const name of ["start", "new", "list", "switch", "status", "attach", "detach", "model", "effort"])
    expect(help.text).toMatch(new RegExp(`^/${name}\\b`, "m"))
  await types(owner, "/tmp/x.log is full", "echo: /tmp/x.log is full")
  await types(owner, "/queue", "Nothing waits.")
  await types(owner, "/steer", "Use it like this: /steer <text>")
  await types(owner, "/steer hurry", /^echo: hurry$/)
}
