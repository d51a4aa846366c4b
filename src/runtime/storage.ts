/** Notices a disk that no longer takes what is written, and when it does again. */
import type { Clock } from "../core/clock.ts"
import { isStorageFailure } from "../ledger/errors.ts"
import type { Ledger } from "../ledger/ledger.ts"

export interface StorageWatch {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly onChange: (isStuck: boolean) => void
}

/** Whoever failed to write may have nothing to try again with, so a write of our own finds out. */
const TRY_MS = 1_000
const CHECKED = "storage.checked"

/** Returns the way to stop it. */
export function watchStorage({ ledger, clock, onChange }: StorageWatch): () => void {
  let timer: { cancel(): void } | null = null
  const unwatch = ledger.onStorage((isStuck) => {
    timer?.cancel()
    timer = isStuck ? clock.after(TRY_MS, tryAgain) : null
    onChange(isStuck)
  })
  function tryAgain(): void {
    timer = clock.after(TRY_MS, tryAgain)
    try {
      ledger.transact(() => ledger.machine.set(CHECKED, true, clock.now()))
    } catch (error) {
      if (!isStorageFailure(error)) throw error
    }
  }
  return () => {
    timer?.cancel()
    unwatch()
  }
}
