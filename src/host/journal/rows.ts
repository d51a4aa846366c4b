/** From rows to values. What is stored was validated before it was written, so ids are branded here unseen. */
import type { AttemptState } from "../../protocol/host-link.ts"
import type { AttemptId, SessionId } from "../../protocol/ids.ts"
import type { Prompt, ProviderEvent, SessionSpec } from "../../protocol/session.ts"

type Row = Record<string, unknown>

export interface AttemptRow {
  readonly attempt: AttemptId
  readonly spec: SessionSpec
  readonly prompt: Prompt | null
  readonly state: AttemptState
}

export function decodeAttempt(row: Row): AttemptRow {
  return {
    attempt: textColumn(row, "attempt") as AttemptId,
    spec: JSON.parse(textColumn(row, "spec")) as SessionSpec,
    prompt: row.prompt === null ? null : (JSON.parse(textColumn(row, "prompt")) as Prompt),
    state: textColumn(row, "state") as AttemptState,
  }
}

/** A journaled event as it goes over the link: `body` is the event's JSON, not parsed only to be written again. */
export interface StoredEvent {
  readonly seq: number
  readonly at: number
  readonly session: SessionId
  readonly body: string
}

export function decodeEvent(row: Row): StoredEvent {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    session: textColumn(row, "session") as SessionId,
    body: textColumn(row, "body"),
  }
}

export function itemOf(event: ProviderEvent): string | null {
  return event.kind === "item" ? event.item.id : null
}

/** @throws when the column is not text, which only a foreign or damaged file can cause. */
export function textColumn(row: Row | undefined, name: string): string {
  const value = row?.[name]
  if (typeof value !== "string") throw new Error(`the journal's column ${name} is damaged`)
  return value
}
