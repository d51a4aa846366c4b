import type { MethodName } from "../schema.ts"
import { accountMethods } from "./account.ts"
import { callbackMethods } from "./callbacks.ts"
import { chatMethods } from "./chats.ts"
import { commandMethods } from "./commands.ts"
import { draftMethods } from "./drafts.ts"
import { editMethods } from "./edits.ts"
import { fileMethods } from "./files.ts"
import { messageMethods } from "./messages.ts"
import type { Method } from "./method.ts"
import { topicMethods } from "./topics.ts"

/** All methods that this server has. */
export function methodTable(): ReadonlyMap<MethodName, Method> {
  const groups = [
    accountMethods,
    messageMethods,
    editMethods,
    draftMethods,
    fileMethods,
    topicMethods,
    callbackMethods,
    commandMethods,
    chatMethods,
  ]
  return new Map(groups.flat().map((one) => [one.name, one]))
}
