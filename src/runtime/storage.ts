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
const FIRST_TRY_MS = 50
const LONGEST_TRY_MS = 1_000
/** Another program may hold the ledger for a moment: that is told to nobody. */
const TELL_HELD_MS = 2_000
const CHECKED = "storage.checked"

/** Returns the way to stop it. */
export function watchStorage({ ledger, clock, onChange }: StorageWatch): () => void {
  let nextTry: { cancel(): void } | null = null
  let telling: { cancel(): void } | null = null
  let isTold = false

  const unwatch = ledger.onStorage((state) => {
    rest()
    if (state === "ok") return tell(false)
    tryAfter(FIRST_TRY_MS)
    if (state === "refused") tell(true)
    else telling = clock.after(TELL_HELD_MS, () => tell(true))
  })

  function rest(): void {
    nextTry?.cancel()
    telling?.cancel()
  }
  function tell(isStuck: boolean): void {
    if (isTold === isStuck) return
    isTold = isStuck
    onChange(isStuck)
  }
  function tryAfter(ms: number): void {
    nextTry = clock.after(ms, () => {
      tryAfter(Math.min(ms * 2, LONGEST_TRY_MS))
      try {
        ledger.transact(() => ledger.machine.set(CHECKED, true, clock.now()))
      } catch (error) {
        if (!isStorageFailure(error)) throw error
      }
    })
  }
  return () => {
    rest()
    unwatch()
  }
}
