export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** Reads the size out of a PNG, JPEG, GIF or WebP; undefined for anything else, which Telegram does not take as a photo. */
export function imageSize(data: Buffer): ImageSize | undefined {
  if (data.length >= 24 && data.toString("latin1", 1, 4) === "PNG") {
    return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) }
  }
  if (data.length >= 10 && data.toString("latin1", 0, 3) === "GIF") {
    return { width: data.readUInt16LE(6), height: data.readUInt16LE(8) }
  }
  if (data.length >= 30 && data.toString("latin1", 8, 15) === "WEBPVP8") return webpSize(data)
  return data.length >= 4 && data.readUInt16BE(0) === 0xff_d8 ? jpegSize(data) : undefined
}

function jpegSize(data: Buffer): ImageSize | undefined {
  let at = 2
  while (at + 9 < data.length && data[at] === 0xff) {
    const marker = data[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) }
    at += 2 + data.readUInt16BE(at + 2)
  }
  return undefined
}

function webpSize(data: Buffer): ImageSize | undefined {
  const kind = data.toString("latin1", 12, 16)
  if (kind === "VP8X") return { width: 1 + data.readUIntLE(24, 3), height: 1 + data.readUIntLE(27, 3) }
  if (kind === "VP8 ")
    return { width: data.readUInt16LE(26) & 0x3f_ff, height: data.readUInt16LE(28) & 0x3f_ff }
  if (kind !== "VP8L") return undefined
  const bits = data.readUInt32LE(21)
  return { width: 1 + (bits & 0x3f_ff), height: 1 + ((bits >> 14) & 0x3f_ff) }
}
