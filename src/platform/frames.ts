/** JSON frames over a stream of bytes, one a line; a frame that is too long for a line goes in parts. */
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, PartFrame } from "../protocol/host-link.ts"
import { LineTooLong, splitLines } from "./lines.ts"

export interface FrameReader {
  /** @throws LineTooLong when a frame grows beyond the limit; the stream is useless then. */
  push(chunk: Buffer): void
}

const PART_BEGIN = '{"type":"part",'
/** In UTF-16 units: at most three bytes each, and some more where JSON has to mask them. */
const PART_UNITS = 128 * 1024

export function readFrames(onFrame: (json: string) => void): FrameReader {
  let parts: string[] = []
  let size = 0
  const join = (line: string): void => {
    const part = PartFrame.parse(JSON.parse(line))
    size += part.data.length
    if (size > MAX_MESSAGE_BYTES) throw new LineTooLong(MAX_MESSAGE_BYTES)
    parts.push(part.data)
    if (!part.last) return
    const whole = parts.join("")
    parts = []
    size = 0
    onFrame(whole)
  }
  return splitLines(MAX_MESSAGE_BYTES, (line) => (line.startsWith(PART_BEGIN) ? join(line) : onFrame(line)))
}

/** The lines that carry a frame to a side that joins parts. */
export function linesOf(json: string): readonly string[] {
  const isShort = json.length * 3 <= MAX_FRAME_BYTES || Buffer.byteLength(json) <= MAX_FRAME_BYTES
  if (isShort) return [json]
  const lines: string[] = []
  for (let at = 0; at < json.length; at += PART_UNITS) {
    const last = at + PART_UNITS >= json.length
    lines.push(JSON.stringify({ type: "part", last, data: json.slice(at, at + PART_UNITS) }))
  }
  return lines
}
