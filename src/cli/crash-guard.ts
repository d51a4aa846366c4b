/** What becomes of an error that nobody caught. */
import type { Log } from "../core/log.ts"
import { isStorageFailure } from "../ledger/errors.ts"

/**
 * A disk that takes nothing fails work in many places, and all of it is open in the ledger still: the runtime lives on
 * and takes it up again. After any other error nobody knows what state it is in, and it ends. Returns the way back.
 */
export function guardProcess(log: Log): () => void {
  const seen = new WeakSet<object>()
  const onError = (error: unknown) => {
    if (!isStorageFailure(error)) return end(error)
    if (typeof error === "object" && error !== null) {
      if (seen.has(error)) return
      seen.add(error)
    }
    log.error({ err: error }, "work was put off because the disk did not take it")
  }
  const end = (error: unknown) => {
    log.error({ err: error }, "the runtime fails")
    console.error(error)
    process.exit(1)
  }
  process.on("uncaughtException", onError)
  process.on("unhandledRejection", onError)
  return () => {
    process.off("uncaughtException", onError)
    process.off("unhandledRejection", onError)
  }
}
