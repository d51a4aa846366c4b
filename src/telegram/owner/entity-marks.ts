/** What Telegram keeps beside a text, put back into it as Markdown: what a link behind a word leads to, what is code. Pure. */
import type { MessageEntity } from "grammy/types"

/** Offsets are UTF-16 units, as Telegram counts them. */
export function withMarks(text: string, entities: readonly MessageEntity[] = []): string {
  const marked = entities
    .filter(({ type }) => type === "text_link" || type === "pre" || type === "code")
    .toSorted((a, b) => a.offset - b.offset || b.length - a.length)
  let result = ""
  let at = 0
  for (const entity of marked) {
    // Within another one it is part of that one's words.
    if (entity.offset < at) continue
    const end = entity.offset + entity.length
    result += text.slice(at, entity.offset) + mark(entity, text.slice(entity.offset, end))
    at = end
  }
  return result + text.slice(at)
}

function mark(entity: MessageEntity, words: string): string {
  switch (entity.type) {
    case "text_link":
      return `[${words}](${entity.url})`
    case "pre": {
      const fence = "`".repeat(Math.max(3, longestRun(words) + 1))
      return `${fence}${entity.language ?? ""}\n${words.replace(/\n$/, "")}\n${fence}`
    }
    default: {
      const ticks = "`".repeat(longestRun(words) + 1)
      const pad = /^`|`$/.test(words) ? " " : ""
      return `${ticks}${pad}${words}${pad}${ticks}`
    }
  }
}

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
