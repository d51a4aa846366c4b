/**
 * A Telegram without Telegram: the strict Bot API server of the tests with one bot, one owner and a chat page, so that anybody
 * can talk to the real runtime without an account.
 *
 *   npm run telegram:sim              then open the printed page and start RemoteAgent with the printed environment
 *   npm run telegram:sim -- --topics  the same with topics in the private chat
 */
import { parseArgs } from "node:util"
import { describeCall } from "../test/fakes/telegram/call-log.ts"
import { startTelegram } from "../test/fakes/telegram/server.ts"
import { ChatPage } from "../test/fakes/telegram/sim/page-server.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8070" },
    "api-port": { type: "string", default: "8071" },
    owner: { type: "string", default: "1000" },
    topics: { type: "boolean", default: false },
  },
})

// Not a secret: this server answers on loopback only and forgets everything when it ends.
const token = "7000000001:SIMULATOR-not-a-secret-loopback-only"
const telegram = await startTelegram({ port: Number(values["api-port"]) })
const bot = telegram.addBot({ token, username: "remote_agent_sim_bot", topics: values.topics })
const owner = telegram.user({ id: Number(values.owner), first_name: "Owner" }).chatWith(bot)
const environment = [
  `TELEGRAM_API_ROOT=${telegram.apiRoot}`,
  `TELEGRAM_BOT_TOKEN=${token}`,
  `TELEGRAM_OWNER_ID=${values.owner}`,
]
const page = new ChatPage({ owner, bot, environment, port: Number(values.port) })
await page.open()

console.log(
  `Chat page:  ${page.url}\n\nStart RemoteAgent with:\n${environment.map((line) => `  ${line}`).join("\n")}\n`,
)
console.log("Calls that the real Telegram would refuse are printed here. Ctrl-C ends.")

let reported = 0
telegram.world.log.changed.subscribe(() => {
  const refused = [...telegram.rejections(), ...telegram.penaltyViolations()]
  for (const call of refused.slice(reported)) console.log(describeCall(call))
  reported = refused.length
})

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await page.close()
    await telegram.close()
  })
}
