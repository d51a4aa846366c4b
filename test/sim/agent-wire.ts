/** What an agent and its adapter say to each other. */
import type { AttemptId, RequestId } from "../../src/protocol/ids.ts"
import type { Answer, ProviderEvent } from "../../src/protocol/session.ts"
import type { SteerOutcome } from "../../src/providers/provider.ts"
import type { Process } from "./machine.ts"

export type FromAgent =
  | { readonly kind: "event"; readonly event: ProviderEvent }
  | { readonly kind: "delta"; readonly attempt: AttemptId; readonly item: string; readonly text: string }
  | { readonly kind: "steered"; readonly id: number; readonly outcome: SteerOutcome }
  | { readonly kind: "gone" }

export type ToAgent =
  | { readonly kind: "prompt"; readonly attempt: AttemptId; readonly text: string }
  | { readonly kind: "steer"; readonly id: number; readonly attempt: AttemptId; readonly text: string }
  | { readonly kind: "answer"; readonly request: RequestId; readonly answer: Answer }
  | { readonly kind: "interrupt" }

export interface LivingAgent {
  readonly process: Process
  readonly nativeId: string
  readonly running: AttemptId | null
  /** What it waits for, as it says it again to every client that comes back. */
  readonly asks: Extract<ProviderEvent, { kind: "request.opened" }> | null
  attach(process: Process, hear: (said: FromAgent) => void): void
  tell(line: ToAgent): void
}
