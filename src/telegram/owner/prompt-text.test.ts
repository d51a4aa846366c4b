import type { Message } from "grammy/types"
import { describe, expect, it } from "vitest"
import { joinTexts } from "./prompt-text.ts"
import { isNews } from "./special-content.ts"

const user = { id: 42, is_bot: false, first_name: "Owner" } as const
const bot = { id: 7, is_bot: true, first_name: "Bot" } as const
const message = (content: object): Message =>
  ({
    message_id: 1,
    date: 1,
    chat: { id: 42, type: "private", first_name: "O" },
    from: user,
    ...content,
  }) as Message
const read = (content: object, knows = false) => joinTexts([message(content)], { knows: () => knows })

describe("a prompt keeps what Telegram keeps beside its text", () => {
  it.each([
    [
      "a link behind words",
      "🚀 see here",
      [{ type: "text_link", offset: 3, length: 3, url: "https://a.b/c" }],
      "🚀 [see](https://a.b/c) here",
    ],
    ["code", "run x -y now", [{ type: "code", offset: 4, length: 4 }], "run `x -y` now"],
    ["code with a tick in it", "a`b", [{ type: "code", offset: 0, length: 3 }], "``a`b``"],
    [
      "a block of code",
      "see\nlet a\nend",
      [{ type: "pre", offset: 4, length: 5, language: "js" }],
      "see\n```js\nlet a\n```\nend",
    ],
    [
      "what Telegram finds by itself as it is",
      "a.b /x #y",
      [{ type: "url", offset: 0, length: 3 }],
      "a.b /x #y",
    ],
  ])("%s", (_name, text, entities, wanted) => {
    expect(read({ text, entities })).toBe(wanted)
    expect(read({ caption: text, caption_entities: entities })).toBe(wanted)
  })
})

describe("a reply", () => {
  const origin = { type: "user", sender_user: { id: 9, is_bot: false, first_name: "Ann" }, date: 1 }
  const replied = (content: object) => ({ reply_to_message: { ...message(content), message_id: 2 } })
  it.each([
    [
      "to a message of another chat",
      { external_reply: { origin }, quote: { text: "x\ny", position: 0 } },
      "[In reply to a message from Ann]\n> x\n> y\n\ndo this",
    ],
    [
      "to one of another chat without a quote",
      { external_reply: { origin } },
      "[In reply to a message from Ann]\n\ndo this",
    ],
    [
      "to a part",
      { ...replied({ text: "long", from: bot }), quote: { text: "lo", position: 0 } },
      "> lo\n\ndo this",
    ],
    ["to an older answer", replied({ text: "the first plan", from: bot }), "> the first plan\n\ndo this"],
    ["to the owner's own message", replied({ text: "mine" }), "> mine\n\ndo this"],
  ])("%s says what is meant", (_name, content, wanted) => {
    expect(read({ text: "do this", ...content })).toBe(wanted)
  })

  it("to the last answer repeats nothing, and to a long one its beginning", () => {
    expect(read({ text: "do this", ...replied({ text: "last", from: bot }) }, true)).toBe("do this")
    expect(read({ text: "do", ...replied({ text: "x".repeat(5_000), from: bot }) }).length).toBeLessThan(700)
  })
})

describe("what was forwarded", () => {
  const origin = { type: "hidden_user", sender_user_name: "Eve]\n/stop", date: 1 }
  it("is quoted line by line, whatever counts as a line's end", () => {
    expect(read({ text: "a\n/stop\u2028b\rc", forward_origin: origin })).toBe(
      "[Forwarded from Eve] /stop]\n> a\n> /stop\n> b\n> c",
    )
  })

  it("with a comment before it is one prompt", () => {
    const texts = [message({ text: "fix these" }), message({ text: "one", forward_origin: origin })]
    expect(joinTexts(texts)).toBe("fix these\n\n[Forwarded from Eve] /stop]\n> one")
  })
})

describe("other content", () => {
  it.each([
    [
      "a poll with its options",
      { poll: { question: "Which?", options: [{ text: "red" }, { text: "blue" }] } },
      "[Poll: Which?]\n- red\n- blue",
    ],
    [
      "a contact by the whole name",
      { contact: { phone_number: "+1", first_name: "Ann", last_name: "Lee" } },
      "[Contact: Ann Lee +1]",
    ],
    [
      "a rich message",
      {
        rich_message: {
          blocks: [
            { type: "heading", text: "Title", level: 1 },
            { type: "paragraph", text: ["some ", { type: "bold", text: "words" }] },
          ],
        },
      },
      "Title\nsome words",
    ],
  ])("%s", (_name, content, wanted) => {
    expect(read(content)).toBe(wanted)
  })

  it("is news only where Telegram itself speaks; every other kind is answered", () => {
    expect(isNews(message({ pinned_message: message({}) }))).toBe(true)
    expect(isNews(message({ forum_topic_closed: {} }))).toBe(true)
    for (const kind of ["dice", "gift", "giveaway_winners", "paid_media", "hologram"])
      expect(isNews(message({ [kind]: {} }))).toBe(false)
  })
})
