import type { AlignType, Table } from "mdast"
import { displayWidth } from "./display-width.ts"
import { renderInline } from "./markdown-inline.ts"
import type { MarkdownSource } from "./markdown-source.ts"
import { bold, concat, join, pre, type Rich } from "./rich.ts"
import { indentFollowing } from "./rich-edit.ts"

/** Columns of monospace text that the narrowest common phones show without wrapping. */
const PHONE_COLUMNS = 32

/** A table that fits a phone is drawn; any other becomes a list, one entry per row, `header: value` on each line. */
export function renderTable(table: Table, source: MarkdownSource): Rich {
  const rows = table.children.map((row) => row.children.map((cell) => renderInline(cell.children, source)))
  const [header = [], ...body] = rows
  const widths = columnWidths(rows)
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1)
  if (total <= PHONE_COLUMNS && rows.flat().every(fitsOneLine)) return drawn(rows, widths, table.align ?? [])
  return body.length === 0
    ? bold(join(header, " · "))
    : join(
        body.map((row) => listed(header, row)),
        "\n",
      )
}

const GAP = " │ "

function columnWidths(rows: readonly (readonly Rich[])[]): readonly number[] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: count }, (_, column) =>
    Math.max(1, ...rows.map((row) => displayWidth(row[column]?.text ?? ""))),
  )
}

/** A drawn table cannot hold a link or a second line. */
function fitsOneLine(cell: Rich): boolean {
  return !cell.text.includes("\n") && cell.entities.every((entity) => entity.type !== "text_link")
}

function drawn(
  rows: readonly (readonly Rich[])[],
  widths: readonly number[],
  align: readonly AlignType[],
): Rich {
  const lines = rows.map((row) =>
    widths
      .map((width, column) => pad(row[column]?.text ?? "", width, align[column] ?? null))
      .join(GAP)
      .trimEnd(),
  )
  const rule = widths.map((width) => "─".repeat(width)).join("─┼─")
  return pre([...lines.slice(0, 1), rule, ...lines.slice(1)].join("\n"))
}

function pad(text: string, width: number, align: AlignType): string {
  const missing = Math.max(0, width - displayWidth(text))
  switch (align) {
    case "right":
      return " ".repeat(missing) + text
    case "center":
      return " ".repeat(missing >> 1) + text + " ".repeat(missing - (missing >> 1))
    case "left":
    case null:
      return text + " ".repeat(missing)
  }
}

function listed(header: readonly Rich[], row: readonly Rich[]): Rich {
  const lines = row.flatMap((cell, column) => {
    const name = header[column]?.text.trim() ?? ""
    if (cell.text.trim() === "") return []
    return [name === "" ? cell : concat(`${name}: `, cell)]
  })
  const [first = "–", ...rest] = lines
  return indentFollowing(join([concat("• ", bold(first)), ...rest], "\n"), 2)
}
