/** What a file is, told from its first bytes: names and declared types are the sender's claim. Pure. */

interface Signature {
  readonly mediaType: string
  readonly offset: number
  readonly bytes: string
}

/** Latin-1 strings; the first that fits wins. */
const SIGNATURES: readonly Signature[] = [
  { mediaType: "image/png", offset: 0, bytes: "\x89PNG\r\n\x1a\n" },
  { mediaType: "image/jpeg", offset: 0, bytes: "\xff\xd8\xff" },
  { mediaType: "image/gif", offset: 0, bytes: "GIF8" },
  { mediaType: "image/webp", offset: 8, bytes: "WEBP" },
  { mediaType: "audio/wav", offset: 8, bytes: "WAVE" },
  { mediaType: "image/heic", offset: 4, bytes: "ftyphei" },
  { mediaType: "image/avif", offset: 4, bytes: "ftypavif" },
  { mediaType: "video/quicktime", offset: 4, bytes: "ftypqt" },
  { mediaType: "audio/mp4", offset: 4, bytes: "ftypM4A" },
  { mediaType: "video/mp4", offset: 4, bytes: "ftyp" },
  { mediaType: "video/webm", offset: 0, bytes: "\x1aE\xdf\xa3" },
  { mediaType: "audio/ogg", offset: 0, bytes: "OggS" },
  { mediaType: "audio/mpeg", offset: 0, bytes: "ID3" },
  { mediaType: "audio/flac", offset: 0, bytes: "fLaC" },
  { mediaType: "application/pdf", offset: 0, bytes: "%PDF-" },
  { mediaType: "application/gzip", offset: 0, bytes: "\x1f\x8b" },
  { mediaType: "application/x-7z-compressed", offset: 0, bytes: "7z\xbc\xaf\x27\x1c" },
  { mediaType: "application/x-xz", offset: 0, bytes: "\xfd7zXZ\x00" },
  { mediaType: "application/zstd", offset: 0, bytes: "\x28\xb5\x2f\xfd" },
  { mediaType: "application/x-bzip2", offset: 0, bytes: "BZh" },
  { mediaType: "application/vnd.rar", offset: 0, bytes: "Rar!" },
  { mediaType: "application/x-tar", offset: 257, bytes: "ustar" },
  { mediaType: "application/vnd.sqlite3", offset: 0, bytes: "SQLite format 3\x00" },
  { mediaType: "application/x-ole-storage", offset: 0, bytes: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" },
  { mediaType: "application/x-elf", offset: 0, bytes: "\x7fELF" },
  { mediaType: "application/vnd.microsoft.portable-executable", offset: 0, bytes: "MZ" },
]

const ZIP = "PK\x03\x04"
const OPEN_XML = "application/vnd.openxmlformats-officedocument"
/** Names found near the beginning of a zip container. */
const ZIP_KINDS: readonly (readonly [marker: string, mediaType: string])[] = [
  ["mimetypeapplication/epub+zip", "application/epub+zip"],
  ["mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"],
  [
    "mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.spreadsheet",
  ],
  [
    "mimetypeapplication/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.presentation",
  ],
  ["word/", `${OPEN_XML}.wordprocessingml.document`],
  ["xl/", `${OPEN_XML}.spreadsheetml.sheet`],
  ["ppt/", `${OPEN_XML}.presentationml.presentation`],
]

/** By extension, for what is text anyway. */
const TEXT_KINDS: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".csv": "text/csv",
  ".md": "text/markdown",
  ".html": "text/html",
  ".htm": "text/html",
  ".xml": "application/xml",
  ".svg": "image/svg+xml",
  ".css": "text/css",
  ".js": "text/javascript",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
}

/** How much of the beginning `mediaTypeOf` wants to see, in bytes. */
export const SNIFFED_BYTES = 4096

export function mediaTypeOf(head: Uint8Array, name: string): string {
  const latin = Buffer.from(head).toString("latin1")
  if (latin.startsWith(ZIP)) {
    const known = ZIP_KINDS.find(([marker]) => latin.includes(marker))
    return known ? known[1] : "application/zip"
  }
  const found = SIGNATURES.find(({ offset, bytes }) => latin.startsWith(bytes, offset))
  if (found) return found.mediaType
  if (!isText(head)) return "application/octet-stream"
  return TEXT_KINDS[/\.[a-z0-9]+$/.exec(name.toLowerCase())?.[0] ?? ""] ?? "text/plain"
}

function isText(head: Uint8Array): boolean {
  if (head.includes(0)) return false
  // The cut may go through a character; what is before it must be sound.
  const whole = head.length < SNIFFED_BYTES
  const decoder = new TextDecoder("utf-8", { fatal: true })
  try {
    decoder.decode(head, { stream: !whole })
    return true
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  }
}
