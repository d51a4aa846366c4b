/** An append-only file that is set aside when it has grown; written synchronously, so a crash loses no line. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { errorCode } from "./system-error.ts"

const DISK_TROUBLE = ["ENOSPC", "EDQUOT", "EIO", "EROFS"]

export class RotatingFile {
  readonly #path: string
  readonly #maxBytes: number
  #file: number
  #size: number
  /** Lines since the disk took the last one. */
  #lost = 0
  #isCut = false

  /** The former file is kept as `<path>.1`. */
  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#file = openSync(path, "a", 0o600)
    this.#size = fstatSync(this.#file).size
  }

  /** A line that the disk does not take is counted instead: a full disk must not bring down who only wanted to say so. */
  write(line: string): void {
    try {
      if (this.#size > this.#maxBytes) this.#rotate()
      if (this.#lost > 0)
        this.#append(`${JSON.stringify({ level: 40, time: Date.now(), msg: this.#lostText })}\n`)
      this.#lost = 0
      this.#append(line)
    } catch (error) {
      if (!DISK_TROUBLE.includes(errorCode(error))) throw error
      this.#lost += 1
    }
  }

  get #lostText(): string {
    return `${this.#lost} lines could not be written because the disk did not take them`
  }

  /** What fits only in part is ended when there is room again, so that no line runs into another. */
  #append(line: string): void {
    const text = this.#isCut ? `\n${line}` : line
    const written = writeSync(this.#file, text)
    this.#size += written
    this.#isCut = written < Buffer.byteLength(text)
    if (this.#isCut) this.#lost += 1
  }

  #rotate(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, "a", 0o600)
    this.#size = 0
  }
}
