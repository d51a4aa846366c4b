/** An append-only file that is set aside when it has grown; written synchronously, so a crash loses no line. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs"
import { dirname } from "node:path"

export class RotatingFile {
  readonly #path: string
  readonly #maxBytes: number
  #file: number
  #size: number

  /** The former file is kept as `<path>.1`. */
  constructor(path: string, maxBytes: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#file = openSync(path, "a", 0o600)
    this.#size = fstatSync(this.#file).size
  }

  write(line: string): void {
    if (this.#size > this.#maxBytes) this.#rotate()
    this.#size += writeSync(this.#file, line)
  }

  #rotate(): void {
    closeSync(this.#file)
    renameSync(this.#path, `${this.#path}.1`)
    this.#file = openSync(this.#path, "a", 0o600)
    this.#size = 0
  }
}
