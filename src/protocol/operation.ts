/** What an operation of the API is. The table of all of them is `api.ts`; the same is mounted on every door. */
import { z } from "zod"

/**
 * `machine`: the runtime's socket, which only programs of the owner's user can open. `desk`: the page on the loopback
 * address. `phone`: the same page behind a tunnel.
 */
export const Door = z.enum(["machine", "desk", "phone"])
export type Door = z.infer<typeof Door>

/**
 * What whoever asks must show besides having come through a door. `grant`: that a human let this client act.
 * `step_up`: that a human did so just now.
 */
export const Needs = z.enum(["nothing", "grant", "step_up"])
export type Needs = z.infer<typeof Needs>

/** Chosen by the client, and new for everything that it wants done. The same one again does nothing a second time. */
export const ClientId = z.string().min(1).max(200)

interface Described {
  /** Below the API's root; `:name` stands for a field of the input. */
  readonly path: string
  /** One line for the reader of the API's description. */
  readonly summary: string
  readonly doors: readonly Door[]
  readonly needs: Needs
  /** Largest body, in bytes. */
  readonly limit: number
}

type Fields = z.ZodObject

/** Tells, and changes nothing. */
export interface Query<I extends Fields = Fields, R extends z.ZodType = z.ZodType> extends Described {
  readonly kind: "query"
  readonly method: "GET"
  readonly input: I
  readonly reply: R
}

/** Changes the ledger, once for each client id: the receipt is written with the change. */
export interface Effect<I extends Fields = Fields, R extends Fields = Fields> extends Described {
  readonly kind: "effect"
  readonly method: "POST" | "PATCH" | "DELETE"
  readonly input: I
  readonly reply: R
}

/** Acts on the running program rather than the ledger, so nothing can be kept of it, and a repeat does it again. */
export interface Signal<I extends Fields = Fields, R extends z.ZodType = z.ZodType> extends Described {
  readonly kind: "signal"
  readonly method: "POST"
  readonly input: I
  readonly reply: R
}

export type Operation = Query | Effect | Signal

const KILOBYTE = 1024
const everywhere: readonly Door[] = ["machine", "desk", "phone"]

type Given<D extends Described, Optional extends keyof Described> = Omit<D, "kind" | "method" | Optional> &
  Partial<Pick<D, Optional>>

export function query<I extends Fields, R extends z.ZodType>(
  given: Given<Query<I, R>, "needs" | "limit" | "doors">,
): Query<I, R> {
  return { kind: "query", method: "GET", needs: "nothing", limit: 0, doors: everywhere, ...given }
}

export function effect<I extends z.ZodRawShape, R extends z.ZodRawShape>(
  given: Given<Effect<z.ZodObject<I>, z.ZodObject<R>>, "needs" | "limit" | "doors"> & Pick<Effect, "method">,
) {
  const usual: Pick<Described, "needs" | "limit" | "doors"> = {
    ...{ needs: "grant", limit: 64 * KILOBYTE, doors: everywhere },
  }
  return {
    ...usual,
    ...given,
    kind: "effect",
    input: z.object({ ...given.input.shape, clientId: ClientId }),
    /** `repeated`: it had been done before, and this is the reply of that time. */
    reply: z.object({ ...given.reply.shape, repeated: z.boolean() }),
  } as const
}

export function signal<I extends Fields, R extends z.ZodType>(
  given: Given<Signal<I, R>, "needs" | "limit" | "doors">,
): Signal<I, R> {
  return {
    ...{ kind: "signal", method: "POST", needs: "grant", limit: KILOBYTE, doors: everywhere },
    ...given,
  }
}

/** The fields of the input that stand in the path. */
export function pathFields({ path }: Pick<Operation, "path">): readonly string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? "")
}
