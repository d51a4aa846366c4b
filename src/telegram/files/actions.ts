/** The tap that lets a file go which does not go by itself. */
import { z } from "zod"
import { shortText } from "../../core/short-text.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Notice, removeButtons, type TapHandler, type Tapped } from "../delivery/tapped.ts"
import { shortPath } from "../words/workspace-path.ts"
import { findFile, sendFile } from "./named.ts"

const Args = z.object({ path: z.string(), identity: z.string() })
type Args = z.infer<typeof Args>
const NOTICE_LIMIT = 190

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
  const session = kernel.sessions.must(id)
  const found = findFile(path)
  // What the card was about, not what has been put in its place.
  if (found !== null && found.identity !== identity) return { text: say("file.changed"), alert: true }
  if (found === null) {
    const shown = say("file.missing", { path: shortPath(path, session.workspace) })
    return { text: shortText(shown, NOTICE_LIMIT), alert: true }
  }
  sendFile({ path, session, turn: null, to: tapped.address }, { say, out, found, key: null })
  removeButtons(out, tapped)
  return { text: say("file.sending") }
}
