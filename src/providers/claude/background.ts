/** What Claude Code runs beside its turns, and which attempt began it. */
import type { AttemptId } from "../../protocol/ids.ts"
import type { BackgroundTask } from "./wire.ts"

export class BackgroundTasks {
  #running: readonly BackgroundTask[] = []
  readonly #begunIn = new Map<string, AttemptId>()

  /** Claude Code tells the whole set whenever it changes. */
  replace(tasks: readonly BackgroundTask[]): void {
    this.#running = tasks
  }

  started(task: BackgroundTask, attempt: AttemptId | undefined): void {
    if (attempt !== undefined) this.#begunIn.set(task.id, attempt)
  }

  ended(id: string): void {
    this.#running = this.#running.filter((task) => task.id !== id)
    this.#begunIn.delete(id)
  }

  isRunning(id: string): boolean {
    return this.#running.some((task) => task.id === id)
  }

  /** Those of the attempt that still run. */
  of(attempt: AttemptId): readonly BackgroundTask[] {
    return this.#running.filter((task) => this.#begunIn.get(task.id) === attempt)
  }

  /** Another process knows nothing of them. */
  forget(): void {
    this.#running = []
    this.#begunIn.clear()
  }
}
