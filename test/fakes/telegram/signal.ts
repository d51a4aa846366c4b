/** Tells whoever listens that something changed; carries nothing, so that a listener always looks at the present state. */
export class Signal {
  readonly #listeners = new Set<() => void>()

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

export interface Wait<T> {
  readonly signal: Signal
  /** Looks at the present state; anything but undefined ends the wait. */
  readonly probe: () => T | undefined
  readonly timeoutMs: number
  /** Builds the error's text at the moment of the timeout. */
  readonly describe: () => string
}

/** Resolves as soon as the probe finds something, now or after a signal; throws with the description on timeout. */
export function waitUntil<T>(wait: Wait<T>): Promise<T> {
  const already = wait.probe()
  if (already !== undefined) return Promise.resolve(already)
  // The error is made here so that its stack names the waiting line of the test.
  const timeout = new Error()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      unsubscribe()
      timeout.message = wait.describe()
      reject(timeout)
    }, wait.timeoutMs)
    const unsubscribe = wait.signal.subscribe(() => {
      try {
        const found = wait.probe()
        if (found === undefined) return
        clearTimeout(timer)
        unsubscribe()
        resolve(found)
      } catch (error) {
        clearTimeout(timer)
        unsubscribe()
        reject(error)
      }
    })
  })
}
