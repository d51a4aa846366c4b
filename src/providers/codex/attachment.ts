/** A session's hold on its thread: opened when needed, on whichever connection, and listened to. */
import type { SessionSpec } from "../../protocol/session.ts"
import type { Connection, ThreadListener } from "./connection.ts"
import type { Shared } from "./shared.ts"
import { Thread } from "./thread.ts"

export interface AttachmentOptions {
  readonly shared: Shared
  /** What to open the thread with now. */
  readonly spec: () => SessionSpec
  readonly listener: (connection: Connection) => ThreadListener
}

export class Attachment {
  readonly #options: AttachmentOptions
  /** Null while the thread is open nowhere. */
  #thread: Thread | null = null
  /** An opening under way, so that nobody opens it a second time. */
  #opening: Promise<Thread> | null = null
  #stopListening: () => void = () => undefined

  constructor(options: AttachmentOptions) {
    this.#options = options
  }

  get thread(): Thread | null {
    return this.#thread
  }

  /** @throws ProviderError */
  async attached(): Promise<Thread> {
    return this.#thread ?? this.attach()
  }

  /** Opens the thread again even if it seems to be open. @throws ProviderError */
  attach(): Promise<Thread> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  /** The connection is gone, and with it the thread until it is opened again. */
  lost(): void {
    this.#thread = null
  }

  stopListening(): void {
    this.#stopListening()
  }

  async #open(): Promise<Thread> {
    const spec = this.#options.spec()
    const { nativeId } = spec
    const thread = await Thread.open(this.#options.shared, spec, (connection) => {
      if (nativeId !== null) this.#listen(connection, nativeId)
    })
    this.#thread = thread
    if (nativeId === null) this.#listen(thread.connection, thread.id)
    return thread
  }

  #listen(connection: Connection, thread: string): void {
    this.#stopListening()
    this.#stopListening = connection.listen(thread, this.#options.listener(connection))
  }
}
