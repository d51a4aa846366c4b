import type { Source, Valve } from "../providers/provider.ts"

/** Whether agents are heard; see `Valve`. An agent that nobody reads waits in its next write. */
export class ReadingValve implements Valve {
  readonly #sources = new Set<Source>()
  #isClosed = false

  get isClosed(): boolean {
    return this.#isClosed
  }

  attach(source: Source): () => void {
    this.#sources.add(source)
    if (this.#isClosed) source.pause()
    return () => {
      if (this.#sources.delete(source) && this.#isClosed) source.resume()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const source of this.#sources) source.pause()
  }

  open(): void {
    if (!this.#isClosed) return
    this.#isClosed = false
    for (const source of this.#sources) source.resume()
  }
}
