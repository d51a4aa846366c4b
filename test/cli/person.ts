import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"

/** A person at a terminal: reads what it shows, presses keys. */
export class Person {
  readonly input = new PassThrough()
  readonly output = Object.assign(new PassThrough(), { columns: 100 })
  /** Not yet looked at by `sees`. */
  #shown = ""
  #everything = ""
  readonly #watchers = new Set<() => void>()

  constructor() {
    this.output.setEncoding("utf8").on("data", (text: string) => {
      this.#shown += stripVTControlCharacters(text)
      this.#everything += text
      for (const watcher of this.#watchers) watcher()
    })
  }

  get everythingShown(): string {
    return this.#everything
  }

  /** Resolves with the match once the terminal shows it, after what was seen before. */
  async sees(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>()
    const look = () => {
      const match = pattern.exec(this.#shown)
      if (!match) return
      this.#shown = this.#shown.slice(match.index + match[0].length)
      resolve(match)
    }
    this.#watchers.add(look)
    look()
    return await promise.finally(() => this.#watchers.delete(look))
  }

  presses(keys: string): void {
    this.input.write(keys)
  }
}
