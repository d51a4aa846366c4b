/** Takes secrets, and whatever looks like one, out of everything that goes to a log. */
import { makeKnownRedactor } from "./known-secrets.ts"

export type Redactor = (text: string) => string

const REDACTED = "[redacted]"

/**
 * Redacts these values in all their forms, and whatever has the form of a token, a key or a credential header: for logs,
 * where rather too much is taken out than too little.
 */
export function makeRedactor(secrets: Iterable<string>): Redactor {
  const redactKnown = makeKnownRedactor(secrets)
  return (text) => redactShapes(redactKnown(text))
}

/**
 * A copy of any value with every text in it redacted, keys included, and texts under telling names (`token`, `password`,
 * `authorization` …) replaced whole. Errors become plain objects; what repeats on its own path becomes `[circular]`.
 * At most `limit` UTF-16 units are looked at, so that what an agent sends cannot hold the process up; the rest is `…`.
 */
export function redactDeep(value: unknown, redact: Redactor, limit = LONGEST_REDACTED): unknown {
  return copy(value, { redact, left: limit }, [])
}

const LONGEST_REDACTED = 256 * 1024
/** Below this a value is left out; nothing worth reading is. */
const DEEPEST = 20
/** What an entry costs besides its texts. */
const ENTRY_COST = 8

/** `left`: what may still be looked at. */
interface Copying {
  readonly redact: Redactor
  left: number
}

/**
 * Each keeps its first group, which says what was there. None may look far ahead from many places: agents choose the
 * text, and it has to take time in proportion to its length.
 */
const SHAPES: readonly RegExp[] = [
  // Telegram bot tokens, also in `bot<token>` URLs and percent-encoded.
  /()(?<!\d)\d{6,}(?::|%3A)[A-Za-z0-9_-]{30,}/gi,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token|digest|bot)\s+)?)[^\s"',;]+/gi,
  /(\bbearer\s+)[\w.~+/-]{16,}=*/gi,
  /(\b(?:set-)?cookie["']?\s*:\s*["']?)[^"'\n]+/gi,
  /(\b(?:x-)?(?:api|auth|access|goog-api)[-_]?(?:key|token)["']?\s*[:=]\s*["']?)[^\s"',;&]{8,}/gi,
  /(\b[A-Z0-9_]*(?:SECRET|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|PRIVATE_KEY|AUTH_TOKEN|_TOKEN)["']?\s*=\s*["']?)[^\s"']+/g,
  /([?&](?:access_token|token|key|api_key|sig|signature|secret|password|code)=)[^&\s"'#]{6,}/gi,
  /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)/gi,
  /()\bsk-[A-Za-z0-9_-]{16,}/g,
  /()\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{20,})/g,
  /()\b(?:xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}|AIza[\w-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16}|(?:sk|rk)_live_\w{16,})/g,
  /()(?<![\w-])eyJ[\w-]{8,4000}\.eyJ[\w-]{8,4000}\.[\w-]*/g,
]

function redactShapes(text: string): string {
  return SHAPES.reduce((result, shape) => result.replace(shape, `$1${REDACTED}`), text)
}

const TELLING_NAME =
  /^(?:(?:proxy-?)?authorization|(?:set-?)?cookie|.*(?:password|passwd|secret|api[-_]?key|private[-_]?key|credential)s?|(?:.*[-_])?token|.*(?:access|refresh|bot|auth|id|session)Token|init-?data)$/i

function copy(value: unknown, copying: Copying, path: readonly object[]): unknown {
  if (typeof value === "string") return copyText(value, copying)
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`
  if (typeof value !== "object" || value === null) return value
  if (path.includes(value)) return "[circular]"
  if (path.length >= DEEPEST) return CUT
  const below = [...path, value]
  if (value instanceof Date) return value
  if (value instanceof URL || value instanceof RegExp) return copyText(String(value), copying)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (Array.isArray(value) || value instanceof Set) return copyList(value, copying, below)
  if (value instanceof Map) return copyEntries(value, copying, below)
  return copyEntries(entriesOf(value), copying, below)
}

const CUT = "…"

function copyText(text: string, copying: Copying): string {
  const shown = text.slice(0, Math.max(0, copying.left))
  copying.left -= shown.length
  return shown.length === text.length ? copying.redact(text) : `${copying.redact(shown)}${CUT}`
}

function copyList(items: Iterable<unknown>, copying: Copying, path: readonly object[]): readonly unknown[] {
  const copies: unknown[] = []
  for (const item of items) {
    copying.left -= ENTRY_COST
    if (copying.left <= 0) return [...copies, CUT]
    copies.push(copy(item, copying, path))
  }
  return copies
}

type Entry = readonly [key: unknown, value: unknown]

/** An error's message, stack and cause are not enumerable, and are what a log is for. */
function entriesOf(value: object): readonly Entry[] {
  if (!(value instanceof Error)) return Object.entries(value)
  const { name, message, stack, cause } = value
  return [...Object.entries({ name, message, stack, cause }), ...Object.entries(value)].filter(
    ([, item]) => item !== undefined,
  )
}

function copyEntries(entries: Iterable<Entry>, copying: Copying, path: readonly object[]): object {
  const copies: [string, unknown][] = []
  for (const [name, item] of entries) {
    copying.left -= ENTRY_COST
    if (copying.left <= 0) {
      copies.push([CUT, CUT])
      break
    }
    const key = String(name)
    const isTelling = typeof item === "string" && item !== "" && TELLING_NAME.test(key.slice(-LONGEST_NAME))
    copies.push([copyText(key, copying), isTelling ? REDACTED : copy(item, copying, path)])
  }
  return Object.fromEntries(copies)
}

/** Of a key's name. */
const LONGEST_NAME = 200

/** The same value with every text in it redacted; it keeps its form. */
export function redactTexts<T>(value: T, redact: Redactor): T {
  return mapTexts(value, redact) as T
}

function mapTexts(value: unknown, redact: Redactor): unknown {
  if (typeof value === "string") return redact(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, redact))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, redact)]))
}
