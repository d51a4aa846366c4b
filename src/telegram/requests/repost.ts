/** Asks again what was asked before a silence in which Telegram may have dropped the owner's tap. */
import type { Session } from "../../ledger/sessions.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { RequestNotices } from "./notice.ts"

/** How long Telegram keeps a tap for us, in ms, less what we need to come up. */
const TAP_KEPT_MS = 140_000
const BEAT_MS = 20_000
/** Setting: when we were last there to take taps. */
const AWAKE = "telegram.awake"

export interface RepostSpec {
  readonly kernel: Kernel
  readonly requests: RequestNotices
}

/** Looks now, and then on: a machine that slept was away just as well. Returns the way to stop it. */
export function watchForLostTaps({ kernel, requests }: RepostSpec): () => void {
  let timer = { cancel: () => {} }
  function beat(): void {
    const { ledger, clock } = kernel
    const now = clock.now()
    const last = ledger.machine.setting<number>(AWAKE)
    ledger.transact(() => {
      if (last !== null && now - last > TAP_KEPT_MS) repostAll()
      ledger.machine.set(AWAKE, now, now)
    })
    timer = clock.after(BEAT_MS, beat)
  }
  function repostAll(): void {
    for (const request of kernel.ledger.requests.allOpen()) {
      const session: Session | null = kernel.ledger.sessions.find(request.session)
      if (session) requests.repost(request, session)
    }
  }
  kernel.ledger.transact(() => {
    for (const request of kernel.ledger.requests.allOpen()) requests.resume(request)
  })
  beat()
  return () => timer.cancel()
}
