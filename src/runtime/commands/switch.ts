/** `/list`, `/switch`, `/detach`: which session a place shows. */
import { shortText } from "../../core/short-text.ts"
import type { Session } from "../../ledger/sessions.ts"
import { SessionId } from "../../protocol/ids.ts"
import { OwnerError } from "../errors.ts"
import { type Call, command } from "./command.ts"
import { type Option, pick } from "./pick.ts"
import { bold, concat, join, type Words } from "./words.ts"

/** Sessions looked at, newest first. */
const LOOKED_AT = 500
/** Described above the buttons. */
const SHOWN = 10
const TITLE_SHOWN = 80

export const list = command({
  name: "list",
  arguments: { all: { kind: "flag", flag: "-a" }, text: { kind: "rest" } },
  needs: [],
  prepare:
    (call, { all, text }) =>
    () => {
      const { say } = call
      const found = matching(call, { text: text ?? "", all })
      if (found.length === 0)
        return call.reply({ words: text === null ? say("list.empty") : say("list.nothing_found", { text }) })
      const first = call.page * SHOWN
      const lines = found.slice(first, first + SHOWN).map((session) => line(call, session))
      pick(call, {
        command: "list",
        title: concat(bold(say("list.title")), "\n", join(lines, "\n")),
        options: found.map((session) => optionOf(call, session)),
        args: { all, ...(text === null ? {} : { text }) },
      })
    },
})

export const switchTo = command({
  name: "switch",
  arguments: { session: { kind: "rest", shown: "S001 | title" } },
  needs: [],
  prepare: (call, { session }) =>
    session === null
      ? list.prepare(call, { all: false, text: null })
      : () => showSwitched(call, find(call, session)),
})

export const detach = command({
  name: "detach",
  aliases: ["reset"],
  arguments: {},
  needs: [],
  prepare:
    ({ session, say, place, reply }) =>
    () => {
      if (!session) return reply({ words: say("session.none") })
      place.show(null)
      reply({ words: say("session.detached", { session: session.id }) })
    },
})

/** The place shows it from now on, and with it what waits for a decision there. */
export function showSwitched(call: Call, session: Session): void {
  call.place.show(session.id)
  call.reply({
    words: bold(call.say("session.switched", { session: session.id, title: titleOf(call, session) })),
  })
  call.place.showRequests(session.id)
}

/** By id, by number, or by its title: the whole of it, its beginning, or a part. Newest first among equals. */
function find(call: Call, wanted: string): Session {
  const id = SessionId.safeParse(normaliseId(wanted))
  if (id.success) return call.kernel.sessions.must(id.data)
  const text = wanted.toLowerCase()
  const open = call.kernel.ledger.sessions.list({ limit: LOOKED_AT })
  const titled = open.map((session) => ({ session, title: session.title.toLowerCase() }))
  const found =
    titled.find(({ title }) => title === text) ??
    titled.find(({ title }) => title.startsWith(text)) ??
    titled.find(({ title }) => text.length >= PART && title.includes(text))
  if (!found) throw new OwnerError("unknown_session", { session: wanted })
  return found.session
}

/** Less than this is a part of nearly every title. */
const PART = 3

/** `12`, `s12` and `S012` are one session. */
function normaliseId(text: string): string {
  const number = /^s?(\d+)$/i.exec(text.trim())?.[1]
  return number ? `S${number.padStart(3, "0")}` : text
}

/** A filter also looks at where a session works. */
function matching(call: Call, { text, all }: { text: string; all: boolean }): readonly Session[] {
  const wanted = text.toLowerCase()
  return call.kernel.ledger.sessions
    .list({ limit: LOOKED_AT, archived: all })
    .filter(({ id, title, workspace }) =>
      [id, title, workspace].some((value) => value.toLowerCase().includes(wanted)),
    )
}

function optionOf(call: Call, session: Session): Option {
  return {
    of: "switch",
    args: { session: session.id },
    label: `${session.id} · ${titleOf(call, session)}`,
    isCurrent: session.id === call.session?.id,
  }
}

export function titleOf({ say }: Pick<Call, "say">, session: Session): string {
  return shortText(session.title, TITLE_SHOWN) || say("session.untitled")
}

function line(call: Call, session: Session): Words {
  const { say } = call
  const open = call.kernel.ledger.turns.open(session.id)
  const queued = open.filter((turn) => turn.state === "queued").length
  const isWorking = open.some(({ state }) => state === "running" || state === "dispatching")
  const state = [
    call.labelOf(session.provider),
    session.id === call.session?.id ? say("list.current") : "",
    open.some((turn) => turn.state === "waiting") ? say("list.waiting") : "",
    isWorking ? say("list.working") : "",
    queued > 0 ? say("list.queued", { count: queued }) : "",
  ].filter((part) => part !== "")
  return concat(bold(session.id), ` ${titleOf(call, session)} — ${state.join(" · ")}`)
}
