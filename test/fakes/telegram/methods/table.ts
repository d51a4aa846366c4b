import type { MethodName } from "../schema.ts"
import { accountMethods } from "./account.ts"
import { callbackMethods } from "./callbacks.ts"
import { commandMethods } from "./commands.ts"
import { draftMethods } from "./drafts.ts"
import { editMethods } from "./edits.ts"
import { messageMethods } from "./messages.ts"
import type { Method } from "./method.ts"

/** All methods that this server has. */
export function methodTable(): ReadonlyMap<MethodName, Method> {
  const groups = [accountMethods, messageMethods, editMethods, draftMethods, callbackMethods, commandMethods]
  return new Map(groups.flat().map((one) => [one.name, one]))
}
