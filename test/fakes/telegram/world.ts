import type { FakeBot } from "./bot.ts"
import { CallLog } from "./call-log.ts"
import type { ChatState } from "./chats.ts"
import type { SkippableClock } from "./clock.ts"
import { FaultBook } from "./faults.ts"
import { FileStore } from "./files.ts"
import { Formatter } from "./formatting.ts"
import type { Limits } from "./limits.ts"
import { BotApiSchema } from "./schema.ts"

/** Everything that this Telegram remembers, whether it is reachable or not. */
export class World {
  readonly clock: SkippableClock
  readonly limits: Limits | "off"
  readonly schema = new BotApiSchema()
  readonly formatter = new Formatter()
  readonly files = new FileStore()
  readonly faults = new FaultBook()
  readonly log = new CallLog()
  readonly bots = new Map<string, FakeBot>()
  readonly groups = new Map<number, ChatState>()
  #sequence = 0

  constructor(spec: { clock: SkippableClock; limits: Limits | "off" }) {
    this.clock = spec.clock
    this.limits = spec.limits
  }

  /** A number that no other thing of this world has. */
  takeNumber(): number {
    return ++this.#sequence
  }
}
