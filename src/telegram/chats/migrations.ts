/** Follows a group that became a supergroup: its session, what is owed to it and what can be tapped go along. */
import { isAtWork } from "../../core/turn.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import { actionsOf, type Payload, readPayload } from "../delivery/payload.ts"
import { type Address, formatAddress, laneOf, parseAddress, parseLane, TELEGRAM } from "../places/address.ts"
import { type Migration, movedTo, noteMigration } from "../places/groups.ts"
import type { RequestNotices } from "../requests/notice.ts"
import type { TurnCards } from "../turns/card.ts"
import type { Progress } from "../turns/progress.ts"

export interface MigrationsSpec {
  readonly kernel: Kernel
  readonly cards: Pick<TurnCards, "waits">
  readonly requests: Pick<RequestNotices, "moved">
  readonly progress: Pick<Progress, "relocate">
  readonly wake: (lane: string) => void
}

/** More than any lane owes at once; the rest is moved when Telegram refuses the next one. */
const ROWS = 1_000

export class Migrations {
  readonly #spec: MigrationsSpec

  constructor(spec: MigrationsSpec) {
    this.#spec = spec
  }

  /** In one transaction; a repeat finds nothing left to move. */
  follow(moved: Migration): void {
    const { kernel, progress, wake } = this.#spec
    const { ledger, clock, log } = kernel
    ledger.transact(() => {
      const isNew = movedTo(ledger, moved.from) === null
      if (isNew) {
        noteMigration(ledger, moved, clock.now())
        this.#moveChannels(moved)
      }
      const lanes = this.#moveRows(moved)
      if (isNew) this.#askAgain(moved)
      ledger.afterCommit(() => {
        if (isNew) log.info(moved, "a group became a supergroup")
        progress.relocate()
        for (const lane of lanes) wake(lane)
      })
    })
  }

  #moveChannels({ from, to }: Migration): void {
    const { ledger, clock } = this.#spec.kernel
    for (const { id, surface, address } of ledger.channels.ofSurface(TELEGRAM)) {
      const place = parseAddress(address)
      if (place?.chat !== from) continue
      for (const turn of ledger.turns.allOpen()) if (turn.channel === id) ledger.turns.forgetSource(turn.id)
      const there = formatAddress({ ...place, chat: to })
      ledger.channels.readdress(id, { surface, address: there }, clock.now())
    }
  }

  /** The lanes that owe something now. */
  #moveRows(moved: Migration): readonly string[] {
    const { ledger } = this.#spec.kernel
    const bots = ledger.outbox
      .openLanes()
      .map(parseLane)
      .filter((place) => place?.chat === moved.from)
      .flatMap((place) => (place ? [place.bot] : []))
    for (const bot of bots) this.#moveLane(bot, moved)
    return bots.map((bot) => laneOf({ bot, chat: moved.to }))
  }

  #moveLane(bot: number, { from, to }: Migration): void {
    const { ledger, clock } = this.#spec.kernel
    const rows = ledger.outbox.openOf(laneOf({ bot, chat: from }), ROWS)
    const texts = rows.filter(({ payload }) => makesSomething(readPayload(payload)))
    const keys = new Map(
      texts.flatMap(({ key }) => (key === null ? [] : [[key, rekeyed(key, bot, { from, to })]])),
    )
    const lane = laneOf({ bot, chat: to })
    for (const row of rows) {
      const payload = readdressed(row, { keys, to })
      if (payload === null) ledger.outbox.finish(row.id, "dropped", "its message stayed behind", clock.now())
      else {
        for (const id of actionsOf(payload))
          ledger.actions.move(id, formatAddress({ bot, chat: to, thread: null }))
        const key = row.key === null ? null : freeKey(ledger, keys.get(row.key) ?? row.key, row)
        ledger.outbox.move(row.id, { lane, key, payload }, clock.now())
      }
    }
  }

  /** Messages of the old chat can be changed no more: what the owner is to decide is shown in the new one. */
  #askAgain(moved: Migration): void {
    const { kernel, requests, cards } = this.#spec
    const { ledger } = kernel
    for (const request of ledger.requests.allOpen()) {
      const session = ledger.sessions.find(request.session)
      if (session) requests.moved(request, session, moved)
    }
    for (const turn of ledger.turns.allOpen()) {
      if (isAtWork(turn)) continue
      const left = ledger.outbox.ofTurn(turn.id).map((row) => leftBehind(row, moved))
      for (const to of left) if (to) cards.waits(turn, { ...to, chat: moved.to })
    }
  }
}

/** Where a card stayed in the old chat; null for anything else. */
function leftBehind({ key, state, payload: stored }: OutboxRow, { from }: Migration): Address | null {
  const payload = key?.startsWith("card:") && state === "sent" ? readPayload(stored) : null
  return payload?.kind === "text" && payload.to.chat === from ? payload.to : null
}

const makesSomething = (payload: Payload | null): boolean =>
  payload?.kind === "text" || payload?.kind === "file"

function rekeyed(key: string, bot: number, { from, to }: Migration): string {
  return key.replace(new RegExp(`:${bot}:${from}(?=:|$)`), `:${bot}:${to}`)
}

/** Two rows with one key would be one delivery. */
function freeKey(ledger: Ledger, wanted: string, row: OutboxRow): string | null {
  const holder = ledger.outbox.findByKey(wanted)
  return holder === null || holder.id === row.id ? wanted : row.key
}

/** Null for what changes a message that stayed behind. Numbers of the old chat mean nothing in the new one. */
function readdressed(
  { payload: stored }: OutboxRow,
  { keys, to: chat }: { keys: ReadonlyMap<string, string>; to: number },
): Payload | null {
  const payload = readPayload(stored)
  switch (payload?.kind) {
    case "text":
    case "file": {
      const { replyTo: _, ...rest } = payload
      return { ...rest, to: { ...payload.to, chat } }
    }
    case "edit":
    case "buttons":
    case "delete": {
      const key = "key" in payload.target ? keys.get(payload.target.key) : undefined
      return key === undefined ? null : { ...payload, to: { ...payload.to, chat }, target: { key } }
    }
    case "tap":
      return payload
    default:
      return null
  }
}
