/** What of a fact is read along with it, and what is kept apart because it is long. Pure. */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { Cut, Fact } from "../protocol/facts.ts"

/** Longest stored form of a fact, in bytes of JSON. */
export const BODY_BYTES = 16 * 1024

export interface LongText {
  readonly path: string
  /** What a command or a tool said, or a diff: the first that goes when space is needed. Else it is conversation. */
  readonly isBulk: boolean
  readonly text: string
}

export interface SplitFact {
  /** JSON of at most `BODY_BYTES`; long strings have only their beginning and end. */
  readonly body: string
  readonly cut: readonly Cut[]
  readonly texts: readonly LongText[]
}

const BULK = /^item\.(?:output|input|changes\.\d+\.diff)$/
/** UTF-16 units that a string keeps: tried in turn until all fits. */
const LIMITS = [12_000, 4_000, 1_000, 250, 60]
const BULK_LIMIT = 2_000
/** The whole fact is kept apart under this path when even its short strings are too many. */
const WHOLE = ""

export function splitFact(fact: Fact): SplitFact {
  const whole = JSON.stringify(fact)
  if (whole.length <= BULK_LIMIT) return { body: whole, cut: [], texts: [] }
  for (const limit of LIMITS) {
    const split = cutStrings(fact, limit)
    if (Buffer.byteLength(split.body) <= BODY_BYTES) return split
  }
  return cutLists(fact, whole)
}

/** Puts what was kept apart back. A text that is gone stays cut. */
export function joinFact(body: string, texts: readonly Pick<LongText, "path" | "text">[]): Fact {
  const whole = texts.find(({ path }) => path === WHOLE)
  if (whole) return JSON.parse(whole.text) as Fact
  const byPath = new Map(texts.map(({ path, text }) => [path, text]))
  return mapStrings(JSON.parse(body), (text, path) => byPath.get(path) ?? text) as Fact
}

export const packText = (text: string): Uint8Array => zstdCompressSync(text)
export const unpackText = (packed: Uint8Array): string => zstdDecompressSync(packed).toString()

function cutStrings(fact: Fact, limit: number): SplitFact {
  const texts: LongText[] = []
  const body = mapStrings(fact, (text, path) => {
    const isBulk = BULK.test(path)
    const kept = isBulk ? Math.min(BULK_LIMIT, limit) : limit
    if (text.length <= kept) return text
    texts.push({ path, isBulk, text })
    return shorten(text, kept)
  })
  const cut = texts.map(({ path, text }) => ({ path, length: text.length }))
  return { body: JSON.stringify(body), cut, texts }
}

/** The same with its long strings cut in the middle, and what was cut. */
export function cutLong<T>(value: T, length: number): { readonly value: T; readonly cut: readonly Cut[] } {
  const cut: Cut[] = []
  const kept = mapStrings(value, (text, path) => {
    if (text.length <= length) return text
    cut.push({ path, length: text.length })
    return shorten(text, length)
  })
  return { value: kept as T, cut }
}

/** A list of thousands: only its beginning is read along. */
function cutLists(fact: Fact, whole: string): SplitFact {
  const shortest = JSON.parse(cutStrings(fact, LIMITS.at(-1) ?? 0).body)
  let body = whole
  for (let kept = 128; kept >= 1 && Buffer.byteLength(body) > BODY_BYTES; kept = Math.floor(kept / 2))
    body = JSON.stringify(shortest, (_, value) => (Array.isArray(value) ? value.slice(0, kept) : value))
  return {
    body,
    cut: [{ path: WHOLE, length: whole.length }],
    texts: [{ path: WHOLE, isBulk: fact.kind === "item", text: whole }],
  }
}

/** Three quarters from the beginning, the rest from the end; no character is cut in half. */
function shorten(text: string, length: number): string {
  const head = Math.floor((length * 3) / 4)
  return `${text.slice(0, head).toWellFormed()}\n…\n${text.slice(text.length - (length - head)).toWellFormed()}`
}

type Json = unknown

function mapStrings(value: Json, change: (text: string, path: string) => string, path = ""): Json {
  if (typeof value === "string") return change(value, path)
  if (typeof value !== "object" || value === null) return value
  const below = (key: string | number, child: Json) =>
    mapStrings(child, change, path === "" ? String(key) : `${path}.${key}`)
  if (Array.isArray(value)) return value.map((child, index) => below(index, child))
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, below(key, child)]))
}
