/** An owner's prompt as the content of a user message. */
import { readFile } from "node:fs/promises"
import type { Prompt, PromptFile } from "../../protocol/session.ts"

/** What the Messages API takes as an image. */
const imageTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])
/** 5 MB of base64 is the API's limit for one image. */
const MAX_IMAGE = 3_750_000

export type PromptContent = string | readonly object[]

/** Images go along; every other file is named, and the agent reads it where it lies. */
export async function promptContent(prompt: Prompt): Promise<PromptContent> {
  const text = [prompt.text, ...prompt.files.map(mention)].filter(Boolean).join("\n\n")
  const images = prompt.files.filter((file) => imageTypes.has(file.mediaType) && file.size <= MAX_IMAGE)
  if (images.length === 0) return text
  return [...(await Promise.all(images.map(imageBlock))), { type: "text", text }]
}

function mention(file: PromptFile): string {
  return `Attached file: ${file.path} (${file.name}, ${file.mediaType})`
}

async function imageBlock(file: PromptFile): Promise<object> {
  const data = (await readFile(file.path)).toString("base64")
  return { type: "image", source: { type: "base64", media_type: file.mediaType, data } }
}
