import { InputFile, InputMediaBuilder } from "grammy"
import { describe, expect, it } from "vitest"
import { open, ownerId, refusalOf } from "./fixture.ts"

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DAwMAAAAYEAQEh8Y1jAAAAAElFTkSuQmCC",
  "base64",
)

async function download(root: string, token: string, path: string | undefined): Promise<Response> {
  return fetch(`${root}/file/bot${token}/${path}`)
}

describe("files of the bot", () => {
  it("arrive whole, with caption and name", async () => {
    await using world = await open()
    const file = new InputFile(Buffer.from("DATA"), "report.txt")
    const sent = await world.api.sendDocument(ownerId, file, { caption: "<b>c</b>", parse_mode: "HTML" })
    expect(sent).toMatchObject({ caption: "c", caption_entities: [{ type: "bold" }] })
    expect(sent.document).toMatchObject({ file_name: "report.txt", mime_type: "text/plain", file_size: 4 })
    expect(world.owner.downloads(sent).toString()).toBe("DATA")
    const again = await world.api.sendDocument(ownerId, sent.document.file_id)
    expect(again.document.file_id).toBe(sent.document.file_id)
    await world.api.editMessageCaption(ownerId, sent.message_id, { caption: "d" })
    await world.owner.sees("d")
    world.telegram.assertClean()
  })

  it("are pictures when sent as photos, and albums when several", async () => {
    await using world = await open()
    const photo = await world.api.sendPhoto(ownerId, new InputFile(png, "a.png"))
    expect(photo.photo.at(-1)).toMatchObject({ width: 2, height: 1, file_size: png.length })
    const album = await world.api.sendMediaGroup(ownerId, [
      InputMediaBuilder.photo(new InputFile(png, "a.png"), { caption: "first" }),
      InputMediaBuilder.photo(new InputFile(png, "b.png")),
    ])
    const groups = album.map((message) => ("media_group_id" in message ? message.media_group_id : undefined))
    expect(groups).toEqual([expect.any(String), groups[0]])
    expect(world.owner.messages()).toHaveLength(3)
    world.telegram.assertClean()
  })

  it("are refused when empty, unknown, unreachable, another bot's or no picture", async () => {
    await using world = await open()
    const words = async (call: Promise<unknown>) => (await refusalOf(call)).description
    const empty = new InputFile(Buffer.alloc(0), "a.txt")
    expect(await words(world.api.sendDocument(ownerId, empty))).toBe("Bad Request: file must be non-empty")
    expect(await words(world.api.sendDocument(ownerId, "nonsense"))).toMatch(/wrong file identifier/)
    expect(await words(world.api.sendDocument(ownerId, "https://example.com/a.txt"))).toMatch(
      /failed to get HTTP URL/,
    )
    const text = new InputFile(Buffer.from("text"), "a.png")
    expect(await words(world.api.sendPhoto(ownerId, text))).toBe("Bad Request: IMAGE_PROCESS_FAILED")
    const other = world.telegram.addBot()
    const foreign = await world.telegram
      .user({ id: ownerId })
      .chatWith(other)
      .sendsDocument("a.txt", Buffer.from("x"))
    expect(await words(world.api.getFile(foreign.document?.file_id ?? ""))).toMatch(
      /wrong file_id or the file is/,
    )
    const long = { caption: "x".repeat(1025) }
    const file = new InputFile(Buffer.from("DATA"), "a.txt")
    expect(await words(world.api.sendDocument(ownerId, file, long))).toBe(
      "Bad Request: message caption is too long",
    )
    const one = [InputMediaBuilder.photo(new InputFile(png, "a.png"))]
    expect(await words(world.api.sendMediaGroup(ownerId, one))).toMatch(/wrong number of items/)
  })

  it("are refused beyond 50 MB", async () => {
    await using world = await open()
    const file = new InputFile(Buffer.alloc(50 * 1024 * 1024 + 1), "big.bin")
    expect((await refusalOf(world.api.sendDocument(ownerId, file))).error_code).toBe(413)
  })
})

describe("files of the owner", () => {
  it("are downloaded by the bot", async () => {
    await using world = await open()
    await world.owner.sendsDocument("a.txt", Buffer.from("hello"), { caption: "read this" })
    await world.owner.sendsPhoto(png)
    const [document, photo] = (await world.api.getUpdates()).map((update) => update.message)
    expect(document?.caption).toBe("read this")
    const { file_path } = await world.api.getFile(document?.document?.file_id ?? "")
    const { apiRoot } = world.telegram
    expect(await (await download(apiRoot, world.bot.token, file_path)).text()).toBe("hello")
    expect((await download(apiRoot, world.telegram.addBot().token, file_path)).status).toBe(404)
    const largest = await world.api.getFile(photo?.photo?.at(-1)?.file_id ?? "")
    const bytes = await (await download(apiRoot, world.bot.token, largest.file_path)).arrayBuffer()
    expect(Buffer.from(bytes)).toEqual(png)
  })

  it("beyond 20 MB cannot be fetched", async () => {
    await using world = await open()
    const message = await world.owner.sendsDocument("big.bin", Buffer.alloc(20 * 1024 * 1024 + 1))
    const refusal = await refusalOf(world.api.getFile(message.document?.file_id ?? ""))
    expect(refusal.description).toBe("Bad Request: file is too big")
  })

  it("come as albums, one update each", async () => {
    await using world = await open()
    await world.owner.sendsAlbum([
      { kind: "photo", data: png, caption: "both" },
      { kind: "photo", data: png },
    ])
    const messages = (await world.api.getUpdates()).map((update) => update.message)
    expect(messages.map((message) => message?.caption)).toEqual(["both", undefined])
    expect(messages[0]?.media_group_id).toBe(messages[1]?.media_group_id)
  })
})
