/** What carries an operation out, by the kind of the operation. */
import type { Api, Given, OperationName, Reply } from "../../protocol/api.ts"
import type { Call } from "./context.ts"

type Promising<T> = T | Promise<T>

/**
 * Of an effect, the handler reads and asks first, and returns what is done in the transaction that also writes the
 * receipt; of everything else, it returns the reply.
 */
export type Handler<N extends OperationName> = (
  input: Given<N>,
  call: Call,
) => Api[N] extends { readonly kind: "effect" }
  ? Promising<() => Omit<Reply<N>, "repeated">>
  : Promising<Reply<N>>

export type Handlers<N extends OperationName = OperationName> = { readonly [K in N]: Handler<K> }
