import type { Update } from "grammy/types"
import { describe, expect, it } from "vitest"
import { pairedBy, pairingCode } from "./pairing.ts"

const code = "K7QM-2XWD"
const from = { id: 42, is_bot: false, first_name: "Ada", username: "ada" }
const chat = { id: 42, type: "private" as const, first_name: "Ada" }
const update = (message: object): Update => ({
  update_id: 1,
  message: { message_id: 1, date: 1, chat, from, text: code, ...message } as Update["message"] & object,
})

describe("pairing", () => {
  it("takes the code in a private message, however it is typed", () => {
    const typed = [code, code.toLowerCase(), "k7qm 2xwd", `/start ${code}`, ` here: ${code}!`]
    expect(typed.map((text) => pairedBy(update({ text }), code))).toEqual(
      typed.map(() => ({ id: 42, name: "Ada (@ada)" })),
    )
  })

  it.each([
    ["another code", { text: "K7QM-2XWE" }],
    ["no text", { text: undefined }],
    ["a group", { chat: { id: -5, type: "group", title: "g" } }],
    ["a bot", { from: { ...from, is_bot: true } }],
    ["a forwarded message", { forward_origin: { type: "hidden_user", sender_user_name: "x", date: 1 } }],
    ["a message without a sender", { from: undefined }],
  ])("takes nothing from %s", (_what, message) => {
    expect(pairedBy(update(message), code)).toBeNull()
  })

  it("takes nothing from an edited message or a channel", () => {
    const base = { message_id: 1, date: 1, text: code }
    const others: Update[] = [
      { update_id: 1, edited_message: { ...base, chat, from, edit_date: 2 } },
      { update_id: 1, channel_post: { ...base, chat: { id: -100, type: "channel", title: "c" } } },
    ]
    expect(others.map((other) => pairedBy(other, code))).toEqual([null, null])
  })

  it("makes a code of letters and digits that cannot be confused", () => {
    let next = 0
    const made = pairingCode((limit) => next++ % limit)
    expect(made).toBe("ABCD-EFGH")
    expect(pairingCode((limit) => limit - 1)).toBe("9999-9999")
  })
})
