/** What is asked of whoever types, and what comes of it. */
export type Typed =
  | { readonly kind: "text"; readonly text: string }
  /** The caller had something to show; what was typed so far comes back with the next question. */
  | { readonly kind: "woken" }
  | { readonly kind: "interrupt" }
  | { readonly kind: "end" }

export interface AskInput {
  readonly prompt: string
  /** Aborts when the caller has something to show. */
  readonly wake: AbortSignal
  /** The screen belongs to the agent: in a terminal, the prompt is there only while something is being typed. */
  readonly isQuiet: boolean
  /** Called before the first key of a quiet prompt shows. */
  readonly onBegin: () => void
}
