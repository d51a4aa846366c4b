/** `/list`, `/switch`, `/detach`: which session this chat shows. */
import type { Session } from "../../ledger/sessions.ts"
import { SessionId } from "../../protocol/ids.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { bold, concat, join } from "../rendering/rich.ts"
import { choiceButtons } from "./choice.ts"
import type { Call, Command } from "./command.ts"

const SHOWN = 20

export const list: Command = {
  name: "list",
  usage: "[-a] [text]",
  prepare: (call) => () => {
    const showsAll = call.words.includes("-a")
    const text = call.words.filter((word) => word !== "-a").join(" ")
    const all = call.kernel.ledger.sessions.list({ limit: 500, archived: showsAll })
    const found = all.filter((session) => matches(session, text))
    const { say } = call
    if (found.length === 0)
      return call.reply(text === "" ? say("list.empty") : say("list.nothing_found", { text }))
    const shown = found.slice(0, SHOWN)
    const lines = shown.map((session) => line(call, session))
    const choices = shown.map((session) => ({
      label: `${session.id} · ${titleOf(call, session)}`.slice(0, 60),
      line: `/switch ${session.id}`,
      isCurrent: session.id === call.session?.id,
    }))
    call.reply(concat(bold(say("list.title")), "\n", join(lines, "\n")), choiceButtons(call, choices))
  },
}

export const switchTo: Command = {
  name: "switch",
  usage: "<S001 | title>",
  prepare: (call) => (call.rest === "" ? list.prepare(call) : () => showSwitched(call, find(call))),
}

export const detach: Command = {
  name: "detach",
  usage: "",
  prepare: (call) => () => {
    const { session } = call
    if (!session) return call.reply(call.say("session.none"))
    call.kernel.sessions.bind(call.channel.id, null)
    call.reply(call.say("session.detached", { session: session.id }))
  },
}

export function showSwitched(call: Call, session: Session): void {
  call.kernel.sessions.bind(call.channel.id, session.id)
  call.reply(
    concat(bold(call.say("session.switched", { session: session.id, title: titleOf(call, session) }))),
  )
}

/** By id, by number in the list, or by the beginning or a part of the title. */
function find(call: Call): Session {
  const { sessions } = call.kernel.ledger
  const id = SessionId.safeParse(normaliseId(call.rest))
  if (id.success) return call.kernel.sessions.must(id.data)
  const open = sessions.list({ limit: 500 })
  const found = open.find((session) => matches(session, call.rest))
  if (!found) throw new OwnerError("unknown_session", { session: call.rest })
  return found
}

/** `12`, `s12` and `S012` are one session. */
function normaliseId(text: string): string {
  const number = /^s?(\d+)$/i.exec(text.trim())?.[1]
  return number ? `S${number.padStart(3, "0")}` : text
}

function matches(session: Session, text: string): boolean {
  const wanted = text.toLowerCase()
  return [session.id, session.title, session.workspace].some((value) => value.toLowerCase().includes(wanted))
}

export function titleOf(call: Pick<Call, "say">, session: Session): string {
  return session.title || call.say("session.untitled")
}

function line(call: Call, session: Session) {
  const open = call.kernel.ledger.turns.open(session.id)
  const queued = open.filter((turn) => turn.state === "queued").length
  const state = [
    session.id === call.session?.id ? call.say("list.current") : "",
    open.some((turn) => turn.state === "waiting") ? call.say("list.waiting") : "",
    open.some((turn) => turn.state === "running" || turn.state === "dispatching")
      ? call.say("list.working")
      : "",
    queued > 0 ? call.say("list.queued", { count: queued }) : "",
  ].filter((part) => part !== "")
  return concat(
    bold(session.id),
    ` ${titleOf(call, session)} — ${[call.labelOf(session.provider), ...state].join(" · ")}`,
  )
}
