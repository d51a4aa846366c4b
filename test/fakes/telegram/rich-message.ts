/** Rich messages as far as they can be judged without Telegram: typed blocks, without media. */
import type { Message } from "@grammyjs/types/message.js"
import type { InputRichBlock, InputRichMessage, RichBlock } from "@grammyjs/types/rich.js"
import { badRequest } from "./api-error.ts"
import { unimplemented } from "./methods/method.ts"

const maxBlocks = 500
const maxDepth = 16
const maxCharacters = 32_768
const maxColumns = 20

type RichMessage = NonNullable<Message["rich_message"]>
export type RichPurpose = "message" | "draft"

/**
 * Turns typed blocks into the message that Telegram would store. `html` and `markdown` are refused: Telegram's parser for them is
 * not available offline, so accepting them would prove nothing. All wordings are guessed; the limits are documented.
 */
export function readRichMessage(input: InputRichMessage<string>, purpose: RichPurpose): RichMessage {
  if (input.html !== undefined || input.markdown !== undefined)
    throw unimplemented("a rich message as html or markdown")
  if (input.media !== undefined) throw unimplemented("media in a rich message")
  if (!input.blocks || input.blocks.length === 0) throw badRequest("RICH_MESSAGE_CONTENT_REQUIRED")
  const reader = new BlockReader(purpose)
  const blocks = input.blocks.map((block) => reader.read(block, 1))
  if ([...textOf(blocks)].length > maxCharacters) throw badRequest("RICH_MESSAGE_TOO_LONG")
  return { blocks, ...(input.is_rtl ? { is_rtl: true } : {}) }
}

/** The words of a rich message, for whoever looks for them. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value
  if (Array.isArray(value)) return value.map(textOf).join(" ")
  if (typeof value !== "object" || value === null) return ""
  const parts = Object.entries(value).filter(
    ([name]) => name !== "type" && name !== "align" && name !== "valign",
  )
  return parts.map(([, part]) => textOf(part)).join(" ")
}

class BlockReader {
  readonly #purpose: RichPurpose
  #count = 0

  constructor(purpose: RichPurpose) {
    this.#purpose = purpose
  }

  read(block: InputRichBlock<string>, depth: number): RichBlock {
    this.#countBlocks(1)
    if (depth > maxDepth) throw badRequest("emulator: the rich message is nested too deeply")
    switch (block.type) {
      case "list":
        this.#countBlocks(block.items.length)
        return {
          ...block,
          items: block.items.map((item, index) => ({
            ...item,
            label: item.value === undefined ? "•" : `${item.value + index}.`,
            blocks: item.blocks.map((inner) => this.read(inner, depth + 1)),
          })),
        }
      case "blockquote":
      case "details":
        return { ...block, blocks: block.blocks.map((inner) => this.read(inner, depth + 1)) }
      case "table":
        this.#countBlocks(block.cells.length)
        if (block.cells.some((row) => row.length > maxColumns))
          throw badRequest("emulator: too many table columns")
        return block
      case "buttons":
        if (block.buttons.length < 1 || block.buttons.length > 8)
          throw badRequest("emulator: 1 to 8 buttons in a row")
        for (const button of block.buttons) {
          if ("callback_data" in button && !isCallbackData(button.callback_data))
            throw badRequest("BUTTON_DATA_INVALID")
        }
        return block
      case "thinking":
        if (this.#purpose !== "draft") throw badRequest("emulator: thinking blocks are for drafts only")
        return block
      case "collage":
      case "slideshow":
      case "map":
      case "animation":
      case "audio":
      case "document":
      case "photo":
      case "video":
      case "voice_note":
        throw unimplemented(`the rich block ${block.type}`)
      default:
        return block
    }
  }

  #countBlocks(count: number): void {
    this.#count += count
    if (this.#count > maxBlocks) throw badRequest("emulator: the rich message has too many blocks")
  }
}

function isCallbackData(data: string): boolean {
  const bytes = Buffer.byteLength(data)
  return bytes >= 1 && bytes <= 64
}
