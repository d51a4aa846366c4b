/**
 * Keeps one link to the host. A host that runs is always found again, for it may have something to tell; one that does
 * not run is started while something depends on it.
 */
import type { Clock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import { type HostLink, HostLinkError } from "../host-link/link.ts"

/** `mayEnd`: a host that still does not greet is ended, and another started in its place. */
export interface ConnectHow {
  readonly mayStart: boolean
  readonly mayEnd: boolean
}

export interface HostConnectionOptions {
  /** Connects; where no host runs it is started, or it is an error (`unreachable`). */
  readonly connect: (how: ConnectHow) => Promise<HostLink>
  /** Brings both sides to the same state over a new link. */
  readonly onLink: (link: HostLink) => void
  /** Whether work depends on the host now: then it is started if need be. */
  readonly isNeeded: () => boolean
  readonly onUnavailable: (error: unknown) => void
  readonly clock: Clock
  readonly log: Log
}

const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 5_000
/** A link that ends sooner, in ms, has served nobody: the next one may end in the same way. */
const STEADY_MS = 1_000

/**
 * A host that has not greeted so often is ended: a minute after it was first found silent. Tries, not time: they do not
 * pass while this process or the whole machine is held up.
 */
const SILENT_TRIES = 10

export class HostConnection {
  readonly #options: HostConnectionOptions
  #link: HostLink | null = null
  /** The attempt to connect that is under way. */
  #connecting: { readonly mayStart: boolean; readonly link: Promise<HostLink> } | null = null
  /** Attempts in a row at which a host took the connection and said nothing. */
  #silent = 0
  /** Connecting in the background. */
  #isEnsuring = false
  /** Attempts that brought no link that lasted, in a row. */
  #failures = 0
  /** By the monotonic clock. */
  #linkedAt = 0
  #retry: { cancel(): void } | null = null
  #isClosed = false

  constructor(options: HostConnectionOptions) {
    this.#options = options
  }

  get current(): HostLink | null {
    return this.#link
  }

  /** A host runs and says nothing. */
  get isSilent(): boolean {
    return this.#silent > 0
  }

  /** The link, made if need be, to a host that is started if need be. Rejects with the connector's error. */
  async use(): Promise<HostLink> {
    if (this.#connecting?.mayStart === false) await this.#connecting.link.catch(() => null)
    return this.#link ?? this.#connected({ mayStart: true })
  }

  /** The link to a host that runs already; null when none does. Rejects with the connector's error. */
  async find(): Promise<HostLink | null> {
    try {
      return this.#link ?? (await this.#connected({ mayStart: false }))
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
  }

  /** Connects in the background: in any case to a host that runs. */
  ensure(): void {
    if (this.#isClosed || this.#link || this.#isEnsuring || this.#retry) return
    this.#isEnsuring = true
    const link = this.#options.isNeeded() ? this.use() : this.find()
    link.then(
      (found) => this.#onEnsured(found),
      (error: unknown) => this.#onFailure(error),
    )
  }

  /** Something may have come to depend on the host while it was only looked for. */
  #onEnsured(found: HostLink | null): void {
    this.#isEnsuring = false
    if (!found && !this.#isClosed && this.#options.isNeeded()) this.ensure()
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

  /** One attempt at a time, shared by everyone who waits. */
  #connected(how: { readonly mayStart: boolean }): Promise<HostLink> {
    if (this.#connecting) return this.#connecting.link
    const link = this.#connect({ ...how, mayEnd: this.#silent >= SILENT_TRIES }).finally(() => {
      this.#connecting = null
    })
    this.#connecting = { ...how, link }
    return link
  }

  async #connect(how: ConnectHow): Promise<HostLink> {
    const link = await this.#options.connect(how).catch((error: unknown) => {
      this.#silent = isSilence(error) ? this.#silent + 1 : 0
      throw error
    })
    this.#silent = 0
    if (this.#isClosed) {
      link.close()
      throw new Error("the runtime is stopping")
    }
    this.#linkedAt = this.#options.clock.monotonic()
    this.#link = link
    void link.closed.then((reason) => this.#onDown(link, reason))
    this.#options.onLink(link)
    return link
  }

  #onDown(link: HostLink, reason: string): void {
    if (this.#link !== link) return
    this.#link = null
    if (this.#isClosed) return
    const { log, clock } = this.#options
    log.info({ reason }, "the link to the host is down")
    const wasSteady = clock.monotonic() - this.#linkedAt >= STEADY_MS
    this.#failures = wasSteady ? 0 : this.#failures + 1
    if (this.#failures <= 1) this.ensure()
    else this.#ensureLater()
  }

  #onFailure(error: unknown): void {
    this.#isEnsuring = false
    if (this.#isClosed) return
    this.#failures += 1
    this.#options.log.warn({ err: error, failures: this.#failures }, "the host is not available")
    this.#options.onUnavailable(error)
    this.#ensureLater()
  }

  #ensureLater(): void {
    if (this.#retry) return
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS)
    this.#retry = this.#options.clock.after(delay, () => {
      this.#retry = null
      this.ensure()
    })
  }
}

/** Nobody listens: no host runs. */
const isAbsent = (error: unknown): boolean => error instanceof HostLinkError && error.code === "unreachable"

const isSilence = (error: unknown): boolean => error instanceof HostLinkError && error.code === "silent"
