/** Reads what a client sent, and refuses what is not of the promised form. */
import type { Context } from "hono"
import { z } from "zod"
import type { ControlSay } from "../../core/texts/control.ts"
import { SessionId } from "../../protocol/ids.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { ControlFault } from "./fault.ts"

const MEGABYTE = 1024 * 1024
/** Half of what the host takes in one frame: a prompt must still fit when it is quoted. */
const BODY_LIMIT_MB = 4

/** @throws ControlFault `invalid` */
export async function readBody<S extends z.ZodType>(
  request: Context,
  schema: S,
  say: ControlSay,
): Promise<z.output<S>> {
  return checked(parseJson(await readText(request, say), say), schema, say)
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

/** Reads no further than the limit, whatever length was announced. */
async function readText({ req }: Context, say: ControlSay): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of req.raw.body ?? []) {
    size += chunk.byteLength
    if (size > BODY_LIMIT_MB * MEGABYTE) {
      throw new ControlFault("invalid", say("error.too_large", { limit: BODY_LIMIT_MB }))
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
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
