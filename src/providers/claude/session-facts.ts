/** What a session is and really uses, told whenever it becomes known or changes. */
import type { ProviderEvent, Settings } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"

export class SessionFacts {
  readonly #sink: EventSink
  #nativeId: string
  #settings: Settings = {}
  #title: string | undefined
  #told = ""

  constructor(sink: EventSink, nativeId: string) {
    this.#sink = sink
    this.#nativeId = nativeId
  }

  get nativeId(): string {
    return this.#nativeId
  }

  get settings(): Settings {
    return this.#settings
  }

  /** A new process was started with these. */
  begin(settings: Settings): void {
    this.#settings = settings
    this.#tell()
  }

  /** Settings that the process confirmed. */
  confirm(settings: Settings, nativeId = this.#nativeId): void {
    this.#nativeId = nativeId
    this.#settings = { ...this.#settings, ...settings }
    this.#tell()
  }

  titled(title: string): void {
    this.#title = title
    this.#tell()
  }

  #tell(): void {
    const title = this.#title === undefined ? {} : { title: this.#title }
    const event: ProviderEvent = {
      kind: "session.changed",
      nativeId: this.#nativeId,
      settings: this.#settings,
      ...title,
    }
    const text = JSON.stringify(event)
    if (text === this.#told) return
    this.#told = text
    this.#sink.emit(event)
  }
}
