import { describe, expect, it } from "vitest"
import { type Fixture, open, ownerId } from "../fixture.ts"
import { ChatPage } from "./page-server.ts"

interface OpenPage extends AsyncDisposable {
  readonly world: Fixture
  readonly url: string
  act(body: object, headers?: Record<string, string>): Promise<Response>
}

async function openPage(): Promise<OpenPage> {
  const world = await open()
  const page = new ChatPage({ owner: world.owner, bot: world.bot, environment: ["A=1"], port: 0 })
  await page.open()
  return {
    world,
    url: page.url,
    act: (body, headers = { "x-telegram-sim": "1" }) =>
      fetch(`${page.url}/act`, { method: "POST", headers, body: JSON.stringify(body) }),
    async [Symbol.asyncDispose]() {
      await page.close()
      await world.telegram.close()
    },
  }
}

/** Reads snapshots until one contains the text. */
async function untilShown(url: string, text: string): Promise<string> {
  const watching = new AbortController()
  const response = await fetch(`${url}/events`, { signal: watching.signal })
  if (!response.body) throw new Error("No events")
  let seen = ""
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    seen += chunk
    if (seen.includes(text)) break
  }
  watching.abort()
  return seen
}

const say = (text: string) => ({ kind: "say", text, topicId: null, repliesTo: null })

describe("the chat page", () => {
  it("is one file that loads nothing from elsewhere", async () => {
    await using page = await openPage()
    const html = await (await fetch(page.url)).text()
    expect(html).toContain("<textarea")
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
  })

  it("sends what is written, shows what the bot answers, and taps", async () => {
    await using page = await openPage()
    const { api, owner } = page.world
    await page.act(say("hello"))
    const [said] = await api.getUpdates()
    expect(said?.message?.text).toBe("hello")
    const keyboard = { inline_keyboard: [[{ text: "Allow", callback_data: "a" }]] }
    const shown = untilShown(page.url, "may I?")
    const { message_id } = await api.sendMessage(ownerId, "may I?", { reply_markup: keyboard })
    expect(await shown).toContain("Allow")
    const poll = api.getUpdates({ offset: (said?.update_id ?? 0) + 1, timeout: 5 })
    const tap = page.act({ kind: "tap", messageId: message_id, data: "a" })
    const [tapped] = await poll
    await api.answerCallbackQuery(tapped?.callback_query?.id ?? "", { text: "Allowed" })
    expect(await (await tap).json()).toMatchObject({ text: "Allowed" })
    expect(owner.messages()).toHaveLength(2)
  })

  it("streams drafts and stops them", async () => {
    await using page = await openPage()
    const shown = untilShown(page.url, "half an ans")
    await page.world.api.raw.sendMessageDraft({
      chat_id: ownerId,
      draft_id: 3,
      text: "half an ans",
      can_stop: true,
    })
    await shown
    expect((await page.act({ kind: "stop", topicId: null })).status).toBe(200)
    expect((await page.world.api.getUpdates())[0]?.stopped_message_generation?.draft_id).toBe(3)
    expect((await page.act({ kind: "stop", topicId: null })).status).toBe(409)
  })

  it("uploads files, and hands out those of the bot", async () => {
    await using page = await openPage()
    const query = new URLSearchParams({ name: "a.txt", caption: "read", as: "document", topic: "" })
    const upload = { method: "POST", headers: { "x-telegram-sim": "1" }, body: "DATA" }
    await fetch(`${page.url}/upload?${query}`, upload)
    const [update] = await page.world.api.getUpdates()
    expect(update?.message).toMatchObject({ caption: "read", document: { file_name: "a.txt" } })
    const file = await fetch(`${page.url}/file/${update?.message?.document?.file_id}`)
    expect(await file.text()).toBe("DATA")
  })

  it("cannot be used by other pages in the same browser", async () => {
    await using page = await openPage()
    expect((await page.act(say("from a form"), {})).status).toBe(403)
    expect((await page.act({ kind: "nonsense" })).status).toBe(400)
    expect(page.world.owner.messages()).toEqual([])
  })
})
