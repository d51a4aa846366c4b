/** The owner's prompts, from being sent to being run. */
import type { Turn } from "../../../ledger/turns.ts"
import type { EffectName, Given } from "../../../protocol/api.ts"
import type { TurnId } from "../../../protocol/ids.ts"
import type { TurnReceipt } from "../../../protocol/replies.ts"
import { OwnerError } from "../../../runtime/errors.ts"
import type { Kernel } from "../../../runtime/kernel.ts"
import type { ApiContext } from "../context.ts"
import type { Handlers } from "../handler.ts"

type TurnEffect = Extract<EffectName, `turn.${string}`>

export function turnHandlers({ kernel }: ApiContext): Handlers<"prompt.send" | "turn.read" | TurnEffect> {
  const { turns } = kernel
  const act = (change: (id: TurnId) => Turn) => (given: Given<TurnEffect>) => () =>
    receiptOf(kernel, change(given.turn))
  return {
    "prompt.send": ({ session, clientId, text }) => {
      const { id } = kernel.sessions.must(session)
      return () =>
        receiptOf(
          kernel,
          turns.submit({
            ...{ session: id, clientId, origin: "owner", channel: null, sourceMessage: null, hold: null },
            prompt: { text, files: [] },
          }),
        )
    },
    "turn.read": ({ turn: id }) => {
      const turn = mustTurn(kernel, id)
      const { origin, prompt, attempts, usage, createdAt, startedAt, endedAt } = turn
      return {
        ...receiptOf(kernel, turn),
        ...{ origin, prompt, attempts, usage, createdAt, startedAt, endedAt },
      }
    },
    "turn.edit":
      ({ turn: id, text }) =>
      () => {
        const { files } = mustTurn(kernel, id).prompt
        return receiptOf(kernel, turns.edit(id, { text, files }))
      },
    "turn.drop": act((id) => turns.drop(id)),
    "turn.run_next": act((id) => turns.runNext(id)),
    "turn.release": act((id) => turns.release(id)),
    "turn.steer": act((id) => turns.steer(id)),
  }
}

function mustTurn(kernel: Kernel, id: TurnId): Turn {
  const turn = kernel.ledger.turns.find(id)
  if (!turn) throw new OwnerError("unknown_turn", { turn: id })
  return turn
}

function receiptOf({ ledger }: Kernel, { id, session, state }: Turn): TurnReceipt {
  const before = ledger.turns.open(session).findIndex((other) => other.id === id)
  return { turn: id, session, state, ahead: Math.max(0, before) }
}
