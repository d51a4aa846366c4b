import { badRequest } from "../api-error.ts"
import { type Method, method } from "./method.ts"

export const accountMethods: readonly Method[] = [
  method("getMe", (call) => call.bot.me),

  method("getUpdates", (call, args) =>
    call.bot.updates.poll({
      offset: args.offset ?? 0,
      limit: args.limit ?? 100,
      timeoutSeconds: args.timeout ?? 0,
      allowedUpdates: args.allowed_updates,
      gone: call.gone,
    }),
  ),

  method("setWebhook", (call, args) => {
    if (args.url !== "" && !args.url.startsWith("https://")) {
      throw badRequest("bad webhook: An HTTPS URL must be provided for webhook")
    }
    call.bot.updates.setWebhook(args.url)
    if (args.drop_pending_updates) call.bot.updates.dropPending()
    return true
  }),

  method("deleteWebhook", (call, args) => {
    call.bot.updates.setWebhook("")
    if (args.drop_pending_updates) call.bot.updates.dropPending()
    return true
  }),

  method("getWebhookInfo", (call) => ({
    url: call.bot.updates.webhookUrl,
    has_custom_certificate: false,
    pending_update_count: call.bot.updates.pendingCount,
  })),
]
