import type { Blockquote, FootnoteDefinition, List, ListItem, RootContent } from "mdast"
import { renderInline } from "./markdown-inline.ts"
import type { MarkdownSource } from "./markdown-source.ts"
import { renderTable } from "./markdown-table.ts"
import { bold, concat, EMPTY, expandableQuote, join, plain, pre, quote, type Rich } from "./rich.ts"
import { indentFollowing, startsWithBlock, trim } from "./rich-edit.ts"

interface Place {
  readonly source: MarkdownSource
  /** How many lists are around it. */
  readonly depth: number
}

const INDENT = 3
/** Deeper lists keep their bullets but move no further to the right: a phone has no room. */
const DEEPEST_INDENT = 5

/** A whole document: its blocks, then its footnotes. */
export function renderDocument(source: MarkdownSource): Rich {
  const place = { source, depth: 0 }
  const notes = source.footnotes.map((note) => renderFootnote(note, place))
  return joinShown([renderBlocks(source.root.children, place), joinShown(notes, "\n")], "\n\n")
}

function renderBlocks(nodes: readonly RootContent[], place: Place, separator = "\n\n"): Rich {
  return joinShown(
    nodes.map((node) => renderBlock(node, place)),
    separator,
  )
}

function renderBlock(node: RootContent, place: Place): Rich {
  switch (node.type) {
    case "paragraph":
      return renderInline(node.children, place.source)
    case "heading":
      return bold(renderInline(node.children, place.source))
    case "code":
      return pre(node.value, node.lang)
    case "blockquote":
      return renderQuote(node, place)
    case "list":
      return renderList(node, place)
    case "table":
      return renderTable(node, place.source)
    case "thematicBreak":
      return plain("———")
    case "html":
      return plain(node.value)
    case "yaml":
      return plain(node.value)
    case "definition":
    case "footnoteDefinition":
      return EMPTY
    case "listItem":
    case "tableRow":
    case "tableCell":
      // Only ever inside their list or table, which renders them.
      return EMPTY
    default:
      return renderInline([node], place.source)
  }
}

function renderQuote(node: Blockquote, place: Place): Rich {
  const content = renderBlocks(node.children, place)
  const isLong = content.text.length > 800 || content.text.split("\n").length > 10
  return isLong ? expandableQuote(content) : quote(content)
}

function renderList(list: List, place: Place): Rich {
  const first = list.start ?? 1
  const items = list.children.map((item, index) => {
    const marker = list.ordered ? `${first + index}.` : (BULLETS[place.depth % BULLETS.length] ?? "•")
    return renderItem(item, marker, place)
  })
  return join(items, list.spread ? "\n\n" : "\n")
}

const BULLETS = ["•", "◦", "▪"]

function renderItem(item: ListItem, marker: string, place: Place): Rich {
  const body = renderBlocks(item.children, { ...place, depth: place.depth + 1 }, item.spread ? "\n\n" : "\n")
  const lead = item.checked === true ? "☑" : item.checked === false ? "☐" : marker
  const whole = concat(lead, startsWithBlock(body) ? "\n" : " ", body)
  return indentFollowing(whole, place.depth < DEEPEST_INDENT ? INDENT : 0)
}

function renderFootnote(note: FootnoteDefinition, place: Place): Rich {
  return concat(`[${note.label ?? note.identifier}] `, renderBlocks(note.children, place, "\n"))
}

function joinShown(blocks: readonly Rich[], separator: string): Rich {
  return join(
    blocks.map(trim).filter((block) => block.text !== ""),
    separator,
  )
}
