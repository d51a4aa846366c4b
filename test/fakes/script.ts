/** What a prompt to the scripted agent says, as JSON in its text. */

export type Step =
  /** Before the agent gets the prompt at all: the adapter waits for the gate. */
  | { readonly do: "hold"; readonly gate: string }
  | { readonly do: "wait"; readonly gate: string }
  | { readonly do: "accept" }
  /** Work of the agent's own, begun and ended when the gate opens, whatever has become of the prompt. */
  | { readonly do: "later"; readonly gate: string }
  | {
      readonly do: "item"
      readonly id: string
      readonly status: "running" | "completed"
      readonly text: string
    }
  | { readonly do: "filler"; readonly id: string; readonly bytes: number; readonly times: number }
  /** As `filler`, but written by the agent itself, as fast as it is read. */
  | { readonly do: "stream"; readonly id: string; readonly bytes: number; readonly times: number }
  | { readonly do: "delta"; readonly item: string; readonly text: string; readonly times: number }
  | { readonly do: "ask"; readonly request: string }
  | { readonly do: "spawn"; readonly how: "group" | "session" }
  | { readonly do: "environment" }
  | { readonly do: "die" }
  | { readonly do: "end"; readonly text: string }

export type ToAgent =
  | { readonly kind: "prompt"; readonly attempt: string; readonly steps: readonly Step[] }
  | { readonly kind: "steer"; readonly text: string }
  | { readonly kind: "answer"; readonly request: string }
  | { readonly kind: "interrupt" }

export type AgentLine =
  | { readonly kind: "hello"; readonly running: string | null }
  | { readonly kind: "did"; readonly attempt: string; readonly step: Step; readonly result?: string }
