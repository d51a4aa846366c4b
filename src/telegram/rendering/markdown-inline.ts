import type { Definition, Link, LinkReference, PhrasingContent } from "mdast"
import type { MarkdownSource } from "./markdown-source.ts"
import { bold, code, concat, italic, link, plain, type Rich, strikethrough } from "./rich.ts"

/** What stands inside a paragraph, a heading or a table cell. */
export function renderInline(nodes: readonly PhrasingContent[], source: MarkdownSource): Rich {
  return concat(...nodes.map((node) => renderNode(node, source)))
}

function renderNode(node: PhrasingContent, source: MarkdownSource): Rich {
  switch (node.type) {
    case "text":
      return plain(node.value)
    case "strong":
      return bold(renderInline(node.children, source))
    case "emphasis":
      return italic(renderInline(node.children, source))
    case "delete":
      return strikethrough(renderInline(node.children, source))
    case "inlineCode":
      return code(node.value)
    case "break":
      return plain("\n")
    case "html":
      return plain(/^<br\s*\/?>$/i.test(node.value) ? "\n" : node.value)
    case "link":
      return renderLink(node, node.url, source)
    case "linkReference":
      return renderLink(node, urlOf(node.identifier, source.definitions), source)
    case "image":
      return renderImage(node.alt, node.url)
    case "imageReference":
      return renderImage(node.alt, urlOf(node.identifier, source.definitions))
    case "footnoteReference":
      return plain(`[${node.label ?? node.identifier}]`)
  }
}

function urlOf(identifier: string, definitions: ReadonlyMap<string, Definition>): string {
  return definitions.get(identifier)?.url ?? ""
}

function renderLink(node: Link | LinkReference, url: string, source: MarkdownSource): Rich {
  const content = renderInline(node.children, source)
  if (url === "") return content
  return isSpelledOut(content.text, url) ? content : link(content.text.trim() === "" ? url : content, url)
}

/** A bare address needs no entity (they are few): Telegram's clients find it themselves. */
function isSpelledOut(text: string, url: string): boolean {
  return (
    [url, url.replace(/^https?:\/\//, ""), url.replace(/^mailto:/, "")].includes(text) &&
    /^[\w\-.~:/?#@%&=+]+$/.test(text)
  )
}

/** Pictures stay where they are: nothing here makes Telegram or the reader's client fetch an address. */
function renderImage(alt: string | null | undefined, url: string): Rich {
  const label = concat("🖼 ", alt || "image")
  return url === "" ? label : link(label, url)
}
