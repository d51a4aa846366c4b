/**
 * The strict Bot API server of the tests in a process of its own, so that it shares no event loop with what is measured.
 *
 *   node bench/telegram/process.ts <bots>      forked, with an IPC channel
 */
import { type CallRecord, describeCall } from "../../test/fakes/telegram/call-log.ts"
import type { Conversation } from "../../test/fakes/telegram/conversation.ts"
import { startTelegram } from "../../test/fakes/telegram/server.ts"
import { monotonicMs } from "../monotonic.ts"
import type { BotCall, TelegramCommand, TelegramRequest, TelegramSays } from "./wire.ts"

const OWNER = 42

const telegram = await startTelegram()
const bots = Array.from({ length: Number(process.argv[2] ?? 1) }, () => telegram.addBot())
const indexes = new Map(bots.map((bot, index) => [bot.id, index]))
const owner = telegram.user({ id: OWNER, first_name: "Owner" })
const chats: readonly Conversation[] = bots.map((bot) => owner.chatWith(bot))

let told = 0
telegram.world.log.changed.subscribe(() => {
  const at = monotonicMs()
  for (; told < telegram.calls.length; told++) {
    const call = telegram.calls[told]
    if (call) tell(described(call, at))
  }
})

process.on("message", (request: TelegramRequest) => {
  void carryOut(request.command).then((at) => {
    const refused = [...telegram.rejections(), ...telegram.penaltyViolations()]
    const floods = telegram.calls.filter(({ rejection }) => rejection?.code === 429).length
    tell({ kind: "reply", id: request.id, at, faults: refused.map(describeCall), floods })
  })
})
process.on("disconnect", () => process.exit(0))
tell({ kind: "ready", apiRoot: telegram.apiRoot, tokens: bots.map((bot) => bot.token) })

/** Resolves with the moment at which it had its effect. */
async function carryOut(command: TelegramCommand): Promise<number> {
  switch (command.kind) {
    case "say": {
      const at = monotonicMs()
      for (const { bot, text } of command.to) await chats[bot]?.says(text)
      return at
    }
    case "go_down":
      await telegram.goDown()
      return monotonicMs()
    case "come_back":
      await telegram.comeBack()
      return monotonicMs()
    case "faults":
      return monotonicMs()
  }
}

function described({ botId, method, args }: CallRecord, at: number): BotCall {
  const text = typeof args.text === "string" ? args.text : ""
  return { kind: "call", bot: indexes.get(botId) ?? -1, method, text, at }
}

function tell(message: TelegramSays): void {
  process.send?.(message)
}
