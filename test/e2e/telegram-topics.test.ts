import { describe, expect, it } from "vitest"
import type { SessionId } from "../../src/protocol/ids.ts"
import type { CallRecord } from "../fakes/telegram/call-log.ts"
import type { Conversation } from "../fakes/telegram/conversation.ts"
import { prepareWorld, type World } from "../world.ts"
import { terminal } from "./telegram-stage.ts"

const nameOf = (chat: Conversation, topic: Conversation) =>
  chat.topics().find(({ id }) => id === topic.threadId)?.name

describe("a bot with topics", () => {
  it("has one session a topic, named alike, and outlives the topic", async () => {
    await using world = await prepareWorld({ bots: [{ topics: true }] })
    const owner = world.owner()
    await world.starts()
    await namesTopics(world, owner)
    await opensTopics(owner)
    await losesATopic(world, owner)
    world.telegram.assertClean(isDiscovery)
  })
})

/** Bots are not told that a topic was deleted: the first refusal is how we learn it. */
const isDiscovery = ({ rejection, method }: CallRecord): boolean =>
  /thread not found|TOPIC_ID_INVALID/.test(rejection?.description ?? "") && method.startsWith("sendMessage")

const renamed = (chat: Conversation, topic: Conversation, name: string) =>
  chat.until(() => nameOf(chat, topic) === name || undefined, `a topic called ${name}`)

async function namesTopics(world: World, owner: Conversation): Promise<void> {
  const unnamed = await owner.createsTopic()
  await unnamed.says("fix the tests\nall of them")
  await unnamed.sees("echo: fix the tests")
  await renamed(owner, unnamed, "fix the tests")
  await unnamed.says("and the docs")
  await unnamed.sees("echo: and the docs")
  expect(nameOf(owner, unnamed)).toBe("fix the tests")

  const named = await owner.createsTopic("Release notes")
  await named.says("collect what changed")
  await named.sees("echo: collect what changed")
  await named.says("/list")
  const list = await named.sees(/^Sessions\n/)
  expect(list.text).toContain("S001 fix the tests — echo")
  expect(list.text).toContain("S002 Release notes — echo · here")
  expect(nameOf(owner, named)).toBe("Release notes")
  await named.sends({ forum_topic_edited: { name: "Changelog" } })
  await named.says("/status")
  await named.sees("S002 · Changelog")
  expect(world.consumed().map(({ text }) => text)).not.toContain("")
}

async function opensTopics(owner: Conversation): Promise<void> {
  const [first] = owner.topics()
  const topic = owner.inTopic(first?.id ?? 0)
  await topic.says("/new")
  await topic.sees("S003 gets a topic of its own.")
  const opened = await owner.until(
    () => owner.topics().find(({ name }) => name === "S003 · echo"),
    "its topic",
  )
  const fresh = owner.inTopic(opened.id)
  await fresh.sees("Send your first prompt.")
  await fresh.says("water the plants")
  await fresh.sees("echo: water the plants")
  await renamed(owner, fresh, "water the plants")
  await topic.says("still the first")
  expect((await topic.sees("echo: still the first")).text).toBe("echo: still the first")

  await owner.says("outside of any topic")
  const own = await owner.until(
    () => owner.topics().find(({ name }) => name === "outside of any topic"),
    "a topic of its own",
  )
  await owner.inTopic(own.id).sees("echo: outside of any topic")
}

async function losesATopic(world: World, owner: Conversation): Promise<void> {
  const topic = await owner.createsTopic()
  await topic.says("doomed [[hold topic]]")
  await topic.seesDraft(/holding topic/)
  const intro = topic.messages().find(({ text = "" }) => text.startsWith("New session"))
  const session = /S\d+/.exec(intro?.text ?? "")?.[0] as SessionId
  await owner.deletesTopic(topic.threadId ?? 0)
  world.releases("topic")
  const answer = await owner.sees(/echo: doomed/)
  expect(answer.message_thread_id).toBeUndefined()
  expect(answer.text).toMatch(new RegExp(`^\\[${session}\\] `))

  // Telegram has said so of topics that came back: what goes on in it is told here, and it keeps its session.
  await terminal(world).call("prompt.send", { session, clientId: "later", text: "are you there?" })
  const later = await owner.sees(/echo: are you there/)
  expect(later.text).toMatch(new RegExp(`^\\[${session}\\] `))
  await terminal(world).call("prompt.send", { session, clientId: "asks", text: "may you? [[perm echo yes]]" })
  const asked = await owner.sees(/echo wants to run a command/)
  expect(asked.message_thread_id).toBeUndefined()
}
