/**
 * Takes values that are known to be secret out of texts, in every form a program prints them in: as they are, in JSON,
 * in URLs, in hexadecimal, in base64 wherever it begins, broken over lines, with marks nobody sees. No barrier to an
 * agent that wants a secret out: it can write it backwards.
 */
const REDACTED = "[redacted]"
/** Shorter values would black out ordinary words; what is secret has to be longer. */
const SHORTEST_SECRET = 4
/** From this length on a form is recognised with something in between; shorter ones would meet in ordinary text. */
const SHORTEST_BROKEN = 12
/** A form of base64 without its ends must still tell something. */
const SHORTEST_BASE64 = 8

/** Redacts these values in all their forms, and nothing else. */
export function makeKnownRedactor(secrets: Iterable<string>): (text: string) => string {
  const forms = formsOf(secrets)
  if (forms.length === 0) return (text) => text
  const whole = new RegExp(forms.map(escaped).join("|"), "g")
  const long = forms.filter((form) => form.length >= SHORTEST_BROKEN)
  return (text) => {
    const shown = forms.some((form) => text.includes(form)) ? text.replace(whole, REDACTED) : text
    return redactBroken(shown, long)
  }
}

/** Forms with gaps in them. */
function redactBroken(text: string, forms: readonly string[]): string {
  if (!GAP_SIGN.test(text)) return text
  const solid = text.replace(GAP, "")
  const found = forms.filter((form) => solid.includes(form))
  if (found.length === 0) return text
  const places = placesOfSolid(text)
  const ranges = found
    .flatMap((form) => occurrences(solid, form).map((at) => ({ at, end: at + form.length - 1 })))
    .sort((a, b) => a.at - b.at)
  let shown = ""
  let done = 0
  for (const { at, end } of ranges) {
    const from = places[at] ?? text.length
    const to = (places[end] ?? text.length) + 1
    if (from >= done) shown += text.slice(done, from) + REDACTED
    done = Math.max(done, to)
  }
  return shown + text.slice(done)
}

function occurrences(text: string, form: string): readonly number[] {
  const found: number[] = []
  for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + form.length)) found.push(at)
  return found
}

/** Where each unit stands that is not in a gap. */
function placesOfSolid(text: string): readonly number[] {
  const places: number[] = []
  let at = 0
  for (const gap of text.matchAll(GAP)) {
    for (; at < gap.index; at++) places.push(at)
    at = gap.index + gap[0].length
  }
  for (; at < text.length; at++) places.push(at)
  return places
}

/** Text as it is being written: takes the next piece, gives what may be shown by now. */
export type RedactedStream = (piece: string) => string

/**
 * Makes streams that hold back whatever could become a secret, which would otherwise be shown letter by letter. The
 * end of a text stays held back: the whole text, redacted, takes its place.
 */
export function makeStreamRedactor(secrets: Iterable<string>): () => RedactedStream {
  const forms = formsOf(secrets).map((form) => form.slice(0, LONGEST_HELD))
  const redact = makeKnownRedactor(secrets)
  return () => {
    let held = ""
    return (piece) => {
      if (forms.length === 0) return piece
      const text = redact(held + piece)
      const length = lengthHeld(text, forms)
      held = text.slice(text.length - length)
      return text.slice(0, text.length - length)
    }
  }
}

/** UTF-16 units; of a longer secret, which is a file, the lines are known too. */
const LONGEST_HELD = 512

/** How many units at the end of the text are the beginning of a form, gaps within it not counted. */
function lengthHeld(text: string, forms: readonly string[]): number {
  const from = Math.max(0, text.length - 2 * LONGEST_HELD)
  const near = text.slice(from)
  const places = placesOfSolid(near)
  const solid = near.replace(GAP, "")
  for (let skip = Math.max(0, solid.length - LONGEST_HELD); skip < solid.length; skip++) {
    const rest = solid.slice(skip)
    if (forms.some((form) => form.length > rest.length && form.startsWith(rest)))
      return near.length - (places[skip] ?? 0)
  }
  return 0
}

/** What may stand within a form: marks nobody sees, the end of a line with what begins the next, colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const GAP = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]|\r?\n[ \t>|]{0,8}|\u001b\[[0-9;]{0,12}m/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const GAP_SIGN = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\n\u001b]/

/** Longest first: a secret that contains another must go as a whole. */
function formsOf(secrets: Iterable<string>): readonly string[] {
  const values = [...secrets].filter((secret) => secret.length >= SHORTEST_SECRET)
  return [...new Set(values.flatMap(formsOfOne))].sort((a, b) => b.length - a.length)
}

function formsOfOne(secret: string): readonly string[] {
  const lines = secret.includes("\n") ? secret.split("\n").filter((line) => line.trim().length >= 16) : []
  const bytes = Buffer.from(secret)
  const json = JSON.stringify(secret).slice(1, -1)
  const url = encodeURIComponent(secret.toWellFormed())
  const hex = bytes.toString("hex")
  return [
    ...[secret, json, JSON.stringify(json).slice(1, -1)],
    ...[url, url.replace(/%../g, (sign) => sign.toLowerCase()), encodeURIComponent(url)],
    ...[hex, hex.toUpperCase()],
    ...base64Forms(bytes),
    ...lines,
  ].filter((form) => form.length >= SHORTEST_SECRET)
}

/** Base64 of the bytes wherever in a text they stand, without the letters that they share with their neighbours. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
    const shared = before === 0 ? 0 : before + 1
    const end = Math.floor((whole.length * 8) / 6)
    const core = whole.toString("base64").slice(shared, end)
    return core.length < SHORTEST_BASE64 ? [] : [core, core.replaceAll("+", "-").replaceAll("/", "_")]
  })
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
}
