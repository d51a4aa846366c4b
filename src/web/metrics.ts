/** Numbers about the runtime in Prometheus' text format. What is counted is counted after its commit. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import { isAtWork } from "../core/turn.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Fact } from "../protocol/facts.ts"
import type { TurnId } from "../protocol/ids.ts"
import type { BotStatus } from "../protocol/replies.ts"
import type { Outcome } from "../protocol/session.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { About, Surface } from "../runtime/surface.ts"

export interface MetricsSource {
  readonly kernel: Kernel
  readonly version: string
  /** How each bot's polling is; names only. */
  readonly bots: () => readonly BotStatus[]
}

type DeliveryResult = "sent" | "undeliverable" | "retried"

const outcomes = ["completed", "failed", "stopped", "indeterminate"] as const
const deliveryResults = ["sent", "undeliverable", "retried"] as const
const pollStates = ["starting", "ok", "revoked", "conflict", "unreachable"] as const

const COMMIT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const ACCEPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 600]
const TURN_BUCKETS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600]

/** Add it to the kernel before the start. */
export class Metrics implements Surface {
  readonly name = "metrics"
  readonly contentType: string
  readonly #registry = new Registry()
  readonly #kernel: Kernel
  readonly #turns: Counter<"outcome">
  readonly #durations: Histogram
  readonly #accepts: Histogram<"waited">
  readonly #commits: Histogram
  readonly #deliveries: Counter<"result">
  /** Prompts that found another one before them: how long they wait says nothing about us. */
  readonly #behind = new Set<TurnId>()

  constructor(source: MetricsSource) {
    this.#kernel = source.kernel
    const registers = [this.#registry]
    this.contentType = this.#registry.contentType
    this.#turns = new Counter({
      ...{ name: "remoteagent_turns_total", help: "Turns that ended, by outcome", registers },
      labelNames: ["outcome"],
    })
    this.#durations = new Histogram({
      ...{
        name: "remoteagent_turn_duration_seconds",
        help: "From the start of a turn to its end",
        registers,
      },
      buckets: TURN_BUCKETS,
    })
    this.#accepts = new Histogram({
      name: "remoteagent_prompt_accept_seconds",
      help: "From a prompt's commit to the agent having it; waited: behind another prompt",
      ...{ registers, labelNames: ["waited"], buckets: ACCEPT_BUCKETS },
    })
    this.#commits = new Histogram({
      name: "remoteagent_update_commit_seconds",
      help: "From the arrival of a batch of Telegram updates to its commit",
      ...{ registers, buckets: COMMIT_BUCKETS },
    })
    this.#deliveries = new Counter({
      ...{ name: "remoteagent_deliveries_total", help: "Ends of attempts to deliver, by result", registers },
      labelNames: ["result"],
    })
    for (const outcome of outcomes) this.#turns.inc({ outcome }, 0)
    for (const result of deliveryResults) this.#deliveries.inc({ result }, 0)
    addLedgerGauges(this.#registry, source)
    addStateGauges(this.#registry, source)
    addProcessMetrics(this.#registry)
  }

  onFact(fact: Fact, about: About): void {
    const count = this.#counting(fact, about)
    if (count) this.#kernel.ledger.afterCommit(count)
  }

  /** For the pollers' `onBatch`. */
  received({ commitMs }: { readonly commitMs: number }): void {
    this.#commits.observe(commitMs / 1000)
  }

  /** For the delivery lanes: once per attempt that came to an end. */
  delivered(result: DeliveryResult): void {
    this.#deliveries.inc({ result })
  }

  /** Everything, as it is now. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counting(fact: Fact, about: About): (() => void) | null {
    switch (fact.kind) {
      case "turn.queued": {
        const { turn } = about
        return fact.behind === null ? null : () => this.#behind.add(turn.id)
      }
      case "turn.started":
        return this.#started(about.turn)
      case "turn.ended":
      case "turn.dropped":
        return this.#ended(about.turn, fact.kind === "turn.dropped" ? "stopped" : fact.outcome.kind)
      case "turn.steered": {
        const { turn } = about
        return () => this.#behind.delete(turn.id)
      }
      default:
        return null
    }
  }

  #started({ id, attempts, origin, createdAt, startedAt }: Turn): () => void {
    return () => {
      const waited = String(this.#behind.delete(id))
      if (attempts !== 1 || origin === "provider" || startedAt === null) return
      this.#accepts.observe({ waited }, seconds(startedAt - createdAt))
    }
  }

  #ended({ id, startedAt, endedAt }: Turn, outcome: Outcome["kind"]): () => void {
    return () => {
      this.#behind.delete(id)
      this.#turns.inc({ outcome })
      if (startedAt !== null && endedAt !== null) this.#durations.observe(seconds(endedAt - startedAt))
    }
  }
}

/** Clocks may be set back. */
const seconds = (ms: number): number => Math.max(0, ms) / 1000

function addLedgerGauges(registry: Registry, { kernel }: MetricsSource): void {
  const { ledger } = kernel
  const turns = (areWaiting: boolean) =>
    ledger.turns.allOpen().filter((turn) => isAtWork(turn) !== areWaiting).length
  const gauges = [
    { name: "remoteagent_queued_turns", help: "Prompts that wait", value: () => turns(true) },
    { name: "remoteagent_running_turns", help: "Turns at work", value: () => turns(false) },
    {
      name: "remoteagent_open_requests",
      help: "What agents wait for the owner to answer",
      value: () => ledger.requests.allOpen().length,
    },
    {
      name: "remoteagent_outbox_rows",
      help: "Deliveries that are owed",
      value: () => ledger.outbox.depth(),
    },
    {
      name: "remoteagent_ledger_bytes",
      help: "Size of the ledger's database, without its write-ahead log",
      value: () => ledger.overview.sizeBytes(),
    },
  ]
  for (const gauge of gauges) addGauge(registry, gauge)
}

function addStateGauges(registry: Registry, { kernel, version, bots }: MetricsSource): void {
  addGauge(registry, {
    ...{ name: "remoteagent_host_up", help: "1 while the link to the agents' host is up" },
    value: () => (kernel.hostPid === null ? 0 : 1),
  })
  new Gauge({
    ...{ name: "remoteagent_info", help: "Always 1", labelNames: ["version"], registers: [registry] },
  }).set({ version }, 1)
  new Gauge({
    name: "remoteagent_telegram_poll_state",
    help: "1 for the state that a bot's polling is in",
    ...{ labelNames: ["bot", "state"], registers: [registry] },
    collect() {
      this.reset()
      for (const { id, username, state: current } of bots()) {
        const bot = username ?? String(id)
        for (const state of pollStates) this.set({ bot, state }, state === current ? 1 : 0)
      }
    },
  })
}

function addGauge(
  registry: Registry,
  { name, help, value }: { readonly name: string; readonly help: string; readonly value: () => number },
): void {
  new Gauge({
    ...{ name, help, registers: [registry] },
    collect() {
      this.set(value())
    },
  })
}

/**
 * The library's watch on the event loop wakes the process a hundred times a second, half a percent of a core in an
 * idle program. Woken once a second its distribution means nothing, so that is left out.
 */
function addProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: 1000 })
  for (const part of ["min", "max", "mean", "stddev", "p50", "p90", "p99"])
    register.removeSingleMetric(`nodejs_eventloop_lag_${part}_seconds`)
}
