/** What a client wants done is done once, however often it asks: the receipt is written with the effect. */
import { createHash, createHmac } from "node:crypto"
import type { RuntimeContext } from "./context.ts"

/** A client used an id again for something else: a fault of the client's. */
export class ReusedClientIdError extends Error {
  override readonly name = "ReusedClientIdError"
  readonly clientId: string

  constructor(clientId: string) {
    super(`the client id ${clientId} stands for something else`)
    this.clientId = clientId
  }
}

export interface Wanted {
  /** New for everything the client wants; the same one again is a repeat. */
  readonly clientId: string
  readonly operation: string
  /** What it is done with; compared as JSON. */
  readonly body: unknown
}

export interface Done<R> {
  readonly reply: R
  /** It had been done before; the reply is that of then. */
  readonly isRepeated: boolean
}

export class Receipts {
  readonly #context: Pick<RuntimeContext, "ledger" | "clock">

  constructor(context: Pick<RuntimeContext, "ledger" | "clock">) {
    this.#context = context
  }

  /**
   * The reply of the first time; null when this is the first time. For what need not be prepared again.
   * @throws ReusedClientIdError when the id stands for something else.
   */
  find<R>(wanted: Wanted): R | null {
    const receipt = this.#context.ledger.receipts.find(nameOf(wanted))
    if (!receipt) return null
    if (receipt.hash !== hashOf(wanted)) throw new ReusedClientIdError(wanted.clientId)
    return receipt.reply as R
  }

  /** Runs `effect` unless it was run before, and its receipt in the same transaction. @throws as `find` does. */
  once<R>(wanted: Wanted, effect: () => R): Done<R> {
    const { ledger, clock } = this.#context
    return ledger.transact(() => {
      const known = this.find<R>(wanted)
      if (known !== null) return { reply: known, isRepeated: true }
      const reply = effect()
      ledger.receipts.add(nameOf(wanted), { hash: hashOf(wanted), reply }, clock.now())
      return { reply, isRepeated: false }
    })
  }
}

/** Not the id itself: it is the key to the other hash. */
const nameOf = ({ clientId }: Wanted): string => createHash("sha256").update(clientId).digest("base64url")

const hashOf = ({ clientId, operation, body }: Wanted): string =>
  createHmac("sha256", clientId)
    .update(JSON.stringify([operation, body]))
    .digest("base64url")
