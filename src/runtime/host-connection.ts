/** Keeps one link to the host: started when first needed, made again while something depends on it. */
import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import type { HostLink } from "./host-link/link.ts"

export interface HostConnectionOptions {
  /** Starts the host if it does not run, and connects. */
  readonly connect: () => Promise<HostLink>
  /** Brings both sides to the same state over a new link. */
  readonly onLink: (link: HostLink) => void
  /** Whether work depends on the host now: then a lost link is made again at once. */
  readonly isNeeded: () => boolean
  readonly onUnavailable: (error: unknown) => void
  readonly clock: Clock
  readonly log: Log
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000

export class HostConnection {
  readonly #options: HostConnectionOptions
  #link: HostLink | null = null
  /** The attempt to connect that is under way, shared by everyone who waits. */
  #connecting: Promise<HostLink> | null = null
  #failures = 0
  #retry: { cancel(): void } | null = null
  #isClosed = false

  constructor(options: HostConnectionOptions) {
    this.#options = options
  }

  get current(): HostLink | null {
    return this.#link
  }

  /** The link, made if need be. Rejects with the connector's error. */
  use(): Promise<HostLink> {
    if (this.#link) return Promise.resolve(this.#link)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null
    })
    return this.#connecting
  }

  /** Connects in the background when something depends on the host. */
  ensure(): void {
    if (this.#isClosed || this.#link || this.#connecting || this.#retry || !this.#options.isNeeded()) return
    this.use().catch((error: unknown) => this.#onFailure(error))
  }

  /** Gives the link up and makes it again after `ms`: then everything that is unsettled is said once more. */
  renewAfter(ms: number): void {
    const link = this.#link
    this.#link = null
    link?.close()
    if (this.#isClosed || this.#retry) return
    this.#retry = this.#options.clock.after(ms, () => {
      this.#retry = null
      this.ensure()
    })
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#link?.close()
  }

  async #connect(): Promise<HostLink> {
    const link = await this.#options.connect()
    if (this.#isClosed) {
      link.close()
      throw new Error("the runtime is stopping")
    }
    this.#failures = 0
    this.#link = link
    void link.closed.then((reason) => this.#onDown(link, reason))
    this.#options.onLink(link)
    return link
  }

  #onDown(link: HostLink, reason: string): void {
    if (this.#link !== link) return
    this.#link = null
    if (this.#isClosed) return
    this.#options.log.info({ reason }, "the link to the host is down")
    this.ensure()
  }

  #onFailure(error: unknown): void {
    if (this.#isClosed) return
    this.#failures += 1
    this.#options.log.warn({ err: error, failures: this.#failures }, "the host is not available")
    this.#options.onUnavailable(error)
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS)
    this.#retry = this.#options.clock.after(delay, () => {
      this.#retry = null
      this.ensure()
    })
  }
}
