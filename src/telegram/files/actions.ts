/** The tap that lets a file go which does not go by itself. */
import { z } from "zod"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Notice, removeButtons, type TapHandler, type Tapped } from "../delivery/tapped.ts"
import { sendNamedFile } from "./named.ts"

const Args = z.object({ path: z.string(), identity: z.string() })
type Args = z.infer<typeof Args>

export interface FileActionsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
}

export function fileActions(spec: FileActionsSpec): TapHandler {
  return (tapped) => {
    const { args, session, verb } = tapped.action
    const file = Args.safeParse(args).data
    if (verb !== "send" || file === undefined || session === null) return null
    return () => send(file, session, { tapped, spec })
  }
}

function send(
  { path, identity }: Args,
  id: SessionId,
  { tapped, spec: { kernel, say, out } }: { tapped: Tapped; spec: FileActionsSpec },
): Notice {
  const session = kernel.sessions.must(id).id
  sendNamedFile({ path, session, turn: null, to: tapped.address, allowed: identity }, out)
  removeButtons(out, tapped)
  return { text: say("file.sending") }
}
