/** The server's time: real time plus what a test has skipped, so that hours of Telegram's rules pass in an instant. */
export class SkippableClock {
  readonly #base: () => number
  #skippedMs = 0

  constructor(base: () => number = Date.now) {
    this.#base = base
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#base() + this.#skippedMs
  }

  /** Seconds since the epoch, as Telegram dates things. */
  unixTime(): number {
    return Math.floor(this.now() / 1000)
  }

  skip(ms: number): void {
    this.#skippedMs += ms
  }
}
