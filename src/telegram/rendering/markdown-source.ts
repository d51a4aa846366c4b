/** Reads Markdown (CommonMark with GitHub's tables, task lists, strikethrough, footnotes) into its syntax tree. */
import type { Definition, FootnoteDefinition, Nodes, Root } from "mdast"
import { fromMarkdown } from "mdast-util-from-markdown"
import { gfmFromMarkdown } from "mdast-util-gfm"
import { gfm } from "micromark-extension-gfm"
import { markCjkEmphasis } from "./cjk-emphasis.ts"

export interface MarkdownSource {
  readonly root: Root
  readonly definitions: ReadonlyMap<string, Definition>
  readonly footnotes: readonly FootnoteDefinition[]
}

export function readMarkdown(markdown: string): MarkdownSource {
  const root = fromMarkdown(markCjkEmphasis(markdown), {
    // One tilde means "about" in what agents write ("~5 to ~10 files"), not strikethrough.
    extensions: [gfm({ singleTilde: false })],
    mdastExtensions: [gfmFromMarkdown()],
  })
  const definitions = new Map<string, Definition>()
  const footnotes: FootnoteDefinition[] = []
  for (const node of walk(root)) {
    if (node.type === "definition" && !definitions.has(node.identifier))
      definitions.set(node.identifier, node)
    if (node.type === "footnoteDefinition") footnotes.push(node)
  }
  return { root, definitions, footnotes }
}

function* walk(root: Root): Generator<Nodes> {
  const open: Nodes[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node
    if ("children" in node) open.push(...node.children.toReversed())
  }
}
