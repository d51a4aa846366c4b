import { readFile } from "node:fs/promises"
import { pathToFileURL } from "node:url"
import type { Prompt, PromptFile } from "../../protocol/session.ts"

const MAX_IMAGE = 10 * 1024 * 1024
const MAX_EMBEDDED = 256 * 1024

/** The prompt as content blocks. What the agent cannot take as content it is given as a link to the file. */
export async function promptBlocks(
  prompt: Prompt,
  takes: { readonly images: boolean; readonly embedded: boolean },
): Promise<readonly object[]> {
  const files = await Promise.all(prompt.files.map((file) => fileBlock(file, takes)))
  return prompt.text === "" && files.length > 0 ? files : [{ type: "text", text: prompt.text }, ...files]
}

async function fileBlock(file: PromptFile, takes: { images: boolean; embedded: boolean }): Promise<object> {
  const uri = pathToFileURL(file.path).href
  if (takes.images && file.mediaType.startsWith("image/") && file.size <= MAX_IMAGE) {
    const data = (await readFile(file.path)).toString("base64")
    return { type: "image", mimeType: file.mediaType, data, uri }
  }
  if (takes.embedded && file.mediaType.startsWith("text/") && file.size <= MAX_EMBEDDED) {
    const text = await readFile(file.path, "utf8")
    return { type: "resource", resource: { uri, mimeType: file.mediaType, text } }
  }
  return { type: "resource_link", uri, name: file.name, mimeType: file.mediaType, size: file.size }
}
