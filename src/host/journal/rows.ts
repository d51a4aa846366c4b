/** From rows to values. What is stored was validated before it was written, so ids are branded here unseen. */
import type { AttemptState } from "../../protocol/host-link.ts"
import type { AttemptId, Instant, SessionId } from "../../protocol/ids.ts"
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

export interface NewEvent {
  readonly session: SessionId
  readonly at: Instant
  readonly event: ProviderEvent
}

/** An event as it is stored. */
export interface EventRow {
  readonly session: SessionId
  readonly at: Instant
  readonly attempt: AttemptId | null
  /** Set for states of an item. */
  readonly item: string | null
  readonly body: string
}

export function encodeEvent({ session, at, event }: NewEvent): EventRow {
  return {
    ...{ session, at },
    attempt: "attempt" in event ? event.attempt : null,
    item: event.kind === "item" ? event.item.id : null,
    body: JSON.stringify(event),
  }
}

/** @throws when the column is not text, which only a foreign or damaged file can cause. */
export function textColumn(row: Row | undefined, name: string): string {
  const value = row?.[name]
  if (typeof value !== "string") throw new Error(`the journal's column ${name} is damaged`)
  return value
}
