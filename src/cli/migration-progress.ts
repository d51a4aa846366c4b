import type { MigrationProgress } from "../ledger/migrate.ts"

export interface ProgressWords {
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly say: (told: { readonly percent: number; readonly seconds: number }) => void
}

const EVERY_MS = 2_000

/** Says how long the ledger takes to be brought to this version; nothing for what is over in a moment. */
export function tellMigration({ now, say }: ProgressWords): (progress: MigrationProgress) => void {
  const began = now()
  let saidAt = began
  return ({ done, of }) => {
    const at = now()
    if (at - saidAt < EVERY_MS || done === 0) return
    saidAt = at
    const left = ((at - began) * (of - done)) / done
    say({ percent: Math.floor((done / of) * 100), seconds: Math.ceil(left / 1000) })
  }
}
