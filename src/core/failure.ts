/** Which failures are worth another attempt, how many, and how long to wait in between. */
import type { FailureClass } from "../protocol/session.ts"

export type RetryPolicy =
  | { readonly retry: false }
  | {
      readonly retry: true
      /** All attempts together, the first included. */
      readonly maxAttempts: number
      /** Wait in ms after `attempt` attempts were made (1 or more). `random` in [0, 1) spreads the retries of many. */
      readonly delayMs: (attempt: number, random: number) => number
    }

/** No retry waits longer, in ms, unless a reset time came with the failure. */
export const LONGEST_RETRY_MS = 300_000

/**
 * The policy of a class. A reset time that came with the failure is the caller's to respect: a retry not before it, and
 * for `usage_limit`, which no retry helps, the queue held until then.
 */
export function retryPolicy(failure: FailureClass): RetryPolicy {
  switch (failure) {
    case "capacity":
      return retrying({ maxAttempts: 6, firstMs: 5_000, longestMs: 120_000 })
    case "rate_limit":
      return retrying({ maxAttempts: 6, firstMs: 10_000, longestMs: LONGEST_RETRY_MS })
    case "transport":
      return retrying({ maxAttempts: 5, firstMs: 2_000, longestMs: 60_000 })
    case "empty_response":
      return retrying({ maxAttempts: 3, firstMs: 1_000, longestMs: 10_000 })
    // The agent had the prompt and nobody knows how far it came: a second run is the owner's to start.
    case "timeout":
    case "crashed":
    case "usage_limit":
    case "auth":
    case "context_overflow":
    case "refused":
    case "stopped":
    case "bad_request":
    case "unknown":
      return { retry: false }
  }
}

interface Backoff {
  readonly maxAttempts: number
  readonly firstMs: number
  readonly longestMs: number
}

/** Doubles each time up to the longest; half of it is fixed, half is chance. */
function retrying({ maxAttempts, firstMs, longestMs }: Backoff): RetryPolicy {
  return {
    retry: true,
    maxAttempts,
    delayMs: (attempt, random) => {
      const full = Math.min(longestMs, firstMs * 2 ** Math.max(0, attempt - 1))
      return Math.round(full / 2 + (full / 2) * random)
    },
  }
}
