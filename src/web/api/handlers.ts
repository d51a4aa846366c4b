/** Every operation's handler; one that is missing is a compile error. */
import type { ApiContext } from "./context.ts"
import type { Handlers } from "./handler.ts"
import { commandHandlers } from "./handlers/commands.ts"
import { eventHandlers } from "./handlers/events.ts"
import { programHandlers } from "./handlers/program.ts"
import { requestHandlers } from "./handlers/requests.ts"
import { sessionHandlers } from "./handlers/sessions.ts"
import { traceHandlers } from "./handlers/trace.ts"
import { turnHandlers } from "./handlers/turns.ts"

export function handlersOf(context: ApiContext): Handlers {
  return {
    ...programHandlers(context),
    ...sessionHandlers(context),
    ...eventHandlers(context),
    ...turnHandlers(context),
    ...commandHandlers(context),
    ...requestHandlers(context),
    ...traceHandlers(context),
  }
}
