/** Messages of ours in the turn that runs: its prompt, and what was steered in. The turn is over when all are done with. */
import type { SteerOutcome } from "../provider.ts"

export class OwnMessages {
  /** Taken up by the process, which is not done with them. */
  readonly #open = new Set<string>()
  /** Written, and not yet known to have arrived. */
  readonly #steering = new Map<string, (outcome: SteerOutcome) => void>()

  /** The process works on something of ours. */
  get isWorking(): boolean {
    return this.#open.size > 0
  }

  /** Something is on its way that the turn must wait for. */
  get isSteering(): boolean {
    return this.#steering.size > 0
  }

  add(uuid: string): void {
    this.#open.add(uuid)
  }

  /** Resolves when the process has the message. */
  steer(uuid: string): Promise<SteerOutcome> {
    const { promise, resolve } = Promise.withResolvers<SteerOutcome>()
    this.#steering.set(uuid, resolve)
    return promise
  }

  /** The message could not be written, or its process is gone. */
  lose(uuid: string): void {
    this.#steering.get(uuid)?.("too_late")
    this.#steering.delete(uuid)
  }

  loseAll(): void {
    for (const uuid of [...this.#steering.keys()]) this.lose(uuid)
  }

  /**
   * What the process says of a message.
   * @returns whether that was the last one it had to be done with.
   */
  hear(uuid: string, state: string): boolean {
    const isDropped = state === "cancelled" || state === "discarded"
    const steered = this.#steering.get(uuid)
    if (steered !== undefined) {
      this.#steering.delete(uuid)
      if (!isDropped) this.#open.add(uuid)
      steered(isDropped ? "too_late" : "steered")
    }
    const isOver = isDropped || state === "completed"
    return isOver && this.#open.delete(uuid) && this.#open.size === 0 && !this.isSteering
  }

  /** The turn has ended. */
  clear(): void {
    this.#open.clear()
  }
}
