/**
 * Turns of the event loop for what may come for many chats at once. Fifty answers in the same instant are a third of a
 * second's work: its steps are done between everything else, so that nothing else waits for the whole of it.
 */
export class FairShare {
  /** How much of one round of the event loop is ours. */
  readonly #sliceMs: number
  readonly #now: () => number
  /** When our part of the present round is over; null while nothing was done in it. */
  #spentAt: number | null = null
  readonly #waiting: (() => void)[] = []

  constructor(sliceMs = 5, now = () => performance.now()) {
    this.#sliceMs = sliceMs
    this.#now = now
  }

  /** Runs a step at once while our part of the round lasts, else in a later round; first come, first served. */
  run<T>(step: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const take = () => {
      try {
        resolve(step())
      } catch (error) {
        reject(error)
      }
    }
    if (this.#waiting.length > 0 || this.#isSpent()) this.#waiting.push(take)
    else take()
    return promise
  }

  #isSpent(): boolean {
    if (this.#spentAt === null) {
      this.#spentAt = this.#now() + this.#sliceMs
      setImmediate(() => this.#nextRound())
    }
    return this.#now() >= this.#spentAt
  }

  #nextRound(): void {
    this.#spentAt = null
    while (this.#waiting.length > 0 && !this.#isSpent()) this.#waiting.shift()?.()
  }
}
