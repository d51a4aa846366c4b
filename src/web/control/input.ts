/** Reads what a client sent, and refuses what is not of the promised form. */
import type { Context } from "hono"
import { z } from "zod"
import type { ControlSay } from "../../core/texts/control.ts"
import { SessionId } from "../../protocol/ids.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { ControlFault } from "./fault.ts"

/** @throws ControlFault `invalid` */
export async function readBody<S extends z.ZodType>(
  request: Context,
  schema: S,
  say: ControlSay,
): Promise<z.output<S>> {
  return checked(parseJson(await request.req.text(), say), schema, say)
}

/** @throws ControlFault `invalid` */
export function readQuery<S extends z.ZodType>(request: Context, schema: S, say: ControlSay): z.output<S> {
  return checked(request.req.query(), schema, say)
}

/** The session a path names. @throws OwnerError `unknown_session` when it cannot be one. */
export function readSessionId(request: Context): SessionId {
  const given = request.req.param("id") ?? ""
  const parsed = SessionId.safeParse(given)
  if (!parsed.success) throw new OwnerError("unknown_session", { session: given })
  return parsed.data
}

function parseJson(text: string, say: ControlSay): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ControlFault("invalid", say("error.bad_json"), { cause })
  }
}

function checked<S extends z.ZodType>(value: unknown, schema: S, say: ControlSay): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fault = z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " ")
  throw new ControlFault("invalid", say("error.bad_value", { fault }), { cause: parsed.error })
}
