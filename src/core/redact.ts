/** Takes secrets out of everything that goes to a log, a chat or a page. Rather too much than too little. */

export type Redactor = (text: string) => string

const REDACTED = "[redacted]"

/** Shorter values would black out ordinary words; what is secret has to be longer. */
const SHORTEST_SECRET = 4

/**
 * Redacts these values, also as they look inside JSON, URLs and base64, and whatever has the form of a token, a key
 * or a credential header.
 */
export function makeRedactor(secrets: Iterable<string>): Redactor {
  const known = knownForms(secrets)
  return (text) => redactShapes(known === null ? text : text.replace(known, REDACTED))
}

/**
 * The same for text still being written: also holds back the beginning of a known secret at the end of the text, which
 * would otherwise be shown letter by letter.
 */
export function makeStreamRedactor(secrets: Iterable<string>): Redactor {
  const values = [...secrets].filter((secret) => secret.length >= SHORTEST_SECRET)
  const redact = makeRedactor(values)
  return (text) => {
    const shown = redact(text)
    const partial = Math.max(0, ...values.map((secret) => overlap(shown, secret)))
    return shown.slice(0, shown.length - partial)
  }
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

function knownForms(secrets: Iterable<string>): RegExp | null {
  const forms = new Set([...secrets].filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(formsOf))
  if (forms.size === 0) return null
  // Longest first: a secret that contains another must go as a whole.
  const sorted = [...forms].sort((a, b) => b.length - a.length)
  return new RegExp(sorted.map((form) => escaped(form)).join("|"), "g")
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
}

function formsOf(secret: string): readonly string[] {
  const lines = secret.includes("\n") ? secret.split("\n").filter((line) => line.trim().length >= 16) : []
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("base64url"),
    ...lines,
  ].filter((form) => form.length >= SHORTEST_SECRET)
}

/** How many characters at the end of the text are the beginning of the secret; a single one says nothing. */
function overlap(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length >= 2; length--) {
    if (text.endsWith(secret.slice(0, length))) return length
  }
  return 0
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
