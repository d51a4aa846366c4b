import { badRequest } from "../api-error.ts"
import { type Method, method } from "./method.ts"

const answerableMs = 150_000

export const callbackMethods: readonly Method[] = [
  method("answerCallbackQuery", (call, args) => {
    const tap = call.bot.taps.get(args.callback_query_id)
    const now = call.world.clock.now()
    if (!tap || now - tap.tappedAt > answerableMs) {
      throw badRequest("query is too old and response timeout expired or query ID is invalid")
    }
    if (args.text !== undefined && [...args.text].length > 200) throw badRequest("MESSAGE_TOO_LONG")
    // Guessed: a second answer is accepted and shows nothing new; tests see all of them in `answers`.
    tap.answers.push({ at: now, text: args.text, showAlert: args.show_alert ?? false, url: args.url })
    tap.answered.emit()
    return true
  }),
]
