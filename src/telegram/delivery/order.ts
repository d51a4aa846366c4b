/** Which of a lane's open rows may go next. Pure. */
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Instant } from "../../protocol/ids.ts"
import { type Payload, type Target, targetOf } from "./payload.ts"

export interface OpenRow {
  readonly row: OutboxRow
  readonly payload: Payload
}

/** What became of the message that a row changes. */
export type TargetState =
  | { readonly kind: "there"; readonly message: number }
  | { readonly kind: "owed" }
  | { readonly kind: "never" }

export type Next =
  | { readonly kind: "send"; readonly open: OpenRow; readonly target: number }
  /** Needs no call any more. */
  | { readonly kind: "drop"; readonly open: OpenRow; readonly error: string }
  /** `inMs`: null when only something else than time can change it. */
  | { readonly kind: "wait"; readonly inMs: number | null }

/** `rows` as the outbox orders them: most urgent first, then oldest. */
export function nextRow(
  rows: readonly OpenRow[],
  { now, stateOf }: { readonly now: Instant; readonly stateOf: (target: Target) => TargetState },
): Next {
  let inMs: number | null = null
  for (const open of rows) {
    if (isSuperseded(open, rows)) return { kind: "drop", open, error: "a newer edit takes its place" }
    if (mustFollow(open, rows)) continue
    const target = targetOf(open.payload)
    const state: TargetState = target ? stateOf(target) : { kind: "there", message: 0 }
    if (state.kind === "never") return { kind: "drop", open, error: "its message was never delivered" }
    if (state.kind === "owed") continue
    const rest = restOf(open.row, now)
    if (rest === 0) return { kind: "send", open, target: state.message }
    inMs = inMs === null ? rest : Math.min(inMs, rest)
  }
  return { kind: "wait", inMs }
}

/** How long a row still has to wait, in ms. What was put off in a time that has not come yet was so by another clock. */
function restOf({ notBefore, updatedAt }: OutboxRow, now: Instant): number {
  return updatedAt > now ? 0 : Math.max(0, notBefore - now)
}

/** Parts of one answer keep their order, and so do changes of one thing. */
function mustFollow(open: OpenRow, rows: readonly OpenRow[]): boolean {
  const sequence = sequenceOf(open)
  if (sequence === null) return false
  return rows.some((other) => other.row.id < open.row.id && sequenceOf(other) === sequence)
}

const MAKES_A_PART: ReadonlySet<Payload["kind"]> = new Set(["text", "file", "named_file"])

function sequenceOf({ row, payload }: OpenRow): string | null {
  const subject = subjectOf(payload)
  if (subject !== null) return subject
  if (!MAKES_A_PART.has(payload.kind)) return null
  return row.turn === null ? null : `turn ${row.turn} ${row.priority}`
}

/** The thing that a payload changes; null when it makes something new. */
function subjectOf(payload: Payload): string | null {
  switch (payload.kind) {
    case "edit":
    case "buttons":
    case "delete":
      return "key" in payload.target ? `key ${payload.target.key}` : `message ${payload.target.message}`
    case "reaction":
      return `reaction ${payload.message}`
    case "topic_edit":
    case "topic_delete":
      return `topic ${payload.to.thread}`
    case "text":
    case "file":
    case "named_file":
    case "tap":
    case "topic_create":
      return null
  }
}

function isSuperseded({ row, payload }: OpenRow, rows: readonly OpenRow[]): boolean {
  const subject = subjectOf(payload)
  if (subject === null) return false
  return rows.some(
    (other) =>
      other.row.id > row.id && replaces(other.payload, payload) && subjectOf(other.payload) === subject,
  )
}

function replaces(later: Payload, earlier: Payload): boolean {
  switch (later.kind) {
    case "edit":
      return earlier.kind === "edit" || earlier.kind === "buttons"
    case "topic_edit":
      if (earlier.kind !== "topic_edit") return false
      return (
        (later.name !== undefined || earlier.name === undefined) &&
        (later.iconEmojiId !== undefined || earlier.iconEmojiId === undefined)
      )
    case "buttons":
    case "reaction":
    case "delete":
    case "topic_delete":
      return earlier.kind === later.kind || later.kind === "delete" || later.kind === "topic_delete"
    case "text":
    case "file":
    case "named_file":
    case "tap":
    case "topic_create":
      return false
  }
}
