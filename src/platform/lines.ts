/** Splits a byte stream into lines. A line is decoded only when whole, so no character is ever cut in two. */
const NEWLINE = 0x0a

export interface LineSplitter {
  /** @throws LineTooLong when the line being collected grows beyond the limit; the stream is useless then. */
  push(chunk: Buffer): void
  /** What was left without a newline, if anything. */
  end(): void
}

export class LineTooLong extends Error {
  override readonly name = "LineTooLong"
  readonly limit: number

  constructor(limit: number) {
    super(`a line is longer than ${limit} bytes`)
    this.limit = limit
  }
}

export function splitLines(limit: number, onLine: (line: string) => void): LineSplitter {
  // Pieces are joined once per line: joining at every chunk would be quadratic for long lines.
  let pieces: Buffer[] = []
  let size = 0

  const keep = (piece: Buffer): void => {
    size += piece.length
    if (size > limit) {
      pieces = []
      throw new LineTooLong(limit)
    }
    if (piece.length > 0) pieces.push(piece)
  }
  const finish = (): void => {
    const line = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)
    pieces = []
    size = 0
    onLine(line.toString("utf8"))
  }

  return {
    push(chunk) {
      let from = 0
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        keep(chunk.subarray(from, at))
        finish()
        from = at + 1
      }
      keep(chunk.subarray(from))
    },
    end() {
      if (size > 0) finish()
    },
  }
}

/** Longer lines than this are nobody's text. */
const LONGEST_LINE = 32 * 1024 * 1024

/**
 * The lines of a stream, without their ends (LF or CRLF). Unlike `node:readline`, which also ends lines at U+2028 and
 * U+2029, that are ordinary characters in JSON and in what people write.
 * @throws LineTooLong beyond 32 MiB
 */
export async function* linesFrom(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const ready: string[] = []
  const splitter = splitLines(LONGEST_LINE, (line) =>
    ready.push(line.endsWith("\r") ? line.slice(0, -1) : line),
  )
  for await (const chunk of stream) {
    splitter.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
    yield* ready.splice(0)
  }
  splitter.end()
  yield* ready
}
