/** The last 16 KiB a child wrote to stderr: the reason for its end, when there is one, is in there. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import type { Readable } from "node:stream"

const MAX_BYTES = 16 * 1024

export function tailOfStream(stderr: Readable): () => string {
  let tail = Buffer.alloc(0)
  stderr.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-MAX_BYTES)
  })
  return () => tail.toString("utf8")
}

export function tailOfFile(path: string): () => string {
  return () => {
    const file = openSync(path, "r")
    try {
      const { size } = fstatSync(file)
      const length = Math.min(size, MAX_BYTES)
      const tail = Buffer.alloc(length)
      readSync(file, tail, 0, length, size - length)
      return tail.toString("utf8")
    } finally {
      closeSync(file)
    }
  }
}
