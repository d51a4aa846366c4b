/** File names from and for others: no paths, no control characters, nothing that a shell or a header would read. */

const LONGEST_BYTES = 120

/** A name that is safe as one path component on any system and inside a multipart header. */
export function safeFileName(name: string): string {
  const last = name.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1) ?? ""
  const clean = last
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"';:<>|?*`$&]/gu, "_")
    .replaceAll(/\s+/g, " ")
    .replace(/^[.\s-]+/, "")
    .replace(/[.\s]+$/, "")
  const short = shorten(clean === "" ? "file" : clean)
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(short) ? `_${short}` : short
}

/** Keeps the extension, by which the agent and the owner know what it is. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_BYTES) return name
  const extension = /\.[\w-]{1,12}$/.exec(name)?.[0] ?? ""
  let stem = [...name.slice(0, name.length - extension.length)]
  while (Buffer.byteLength(stem.join("")) > LONGEST_BYTES - extension.length) stem = stem.slice(0, -1)
  return stem.join("").trimEnd() + extension
}
