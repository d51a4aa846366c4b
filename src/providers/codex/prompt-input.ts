import type { Prompt, PromptFile } from "../../protocol/session.ts"
import type * as wire from "./protocol.generated.ts"

/** The kinds of images that models read; any other file is named, and the agent opens it itself. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"])

export function promptInput({ text, files }: Prompt): wire.UserInput[] {
  const images = files.filter((file) => IMAGES.has(file.mediaType))
  const others = files.filter((file) => !IMAGES.has(file.mediaType))
  const words = [text, ...(others.length === 0 ? [] : [listFiles(others)])].filter((part) => part !== "")
  return [
    ...(words.length === 0 && images.length > 0 ? [] : textInput(words.join("\n\n"))),
    ...images.map((image): wire.UserInput => ({ type: "localImage", path: image.path })),
  ]
}

function textInput(text: string): wire.UserInput[] {
  return [{ type: "text", text, text_elements: [] }]
}

function listFiles(files: readonly PromptFile[]): string {
  return ["Attached files:", ...files.map((file) => `- ${file.name}: ${file.path}`)].join("\n")
}
