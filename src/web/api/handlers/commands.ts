/** The commands of the one table, for clients that have a line to type in. */

import type { SessionId } from "../../../protocol/ids.ts"
import type { CommandAnswer, CommandChoice } from "../../../protocol/replies.ts"
import { actionOf } from "../../../runtime/commands/action.ts"
import type { Call, Choice, Command, Place } from "../../../runtime/commands/command.ts"
import { parseLine } from "../../../runtime/commands/parse-line.ts"
import { runTapped, runTyped } from "../../../runtime/commands/run.ts"
import { findCommand } from "../../../runtime/commands/table.ts"
import { plain } from "../../../runtime/commands/words.ts"
import { providerLabel } from "../../../runtime/provider-label.ts"
import type { ApiContext } from "../context.ts"
import { ApiFault } from "../fault.ts"
import type { Handlers } from "../handler.ts"

export function commandHandlers(context: ApiContext): Handlers<"command.run"> {
  const { kernel, sayCommand: say } = context
  return {
    "command.run": async ({ session: id, clientId, line, chosen }) => {
      const session = kernel.sessions.must(id)
      const answers: CommandAnswer[] = []
      const shown: { now: SessionId | null } = { now: null }
      const place: Place = {
        isOwnersHand: true,
        shown: session.id,
        show: (other) => {
          shown.now = other
        },
        openBeside: () => false,
        // A client that shows a session shows what it asks.
        showRequests: () => {},
        submit: (of, text) =>
          kernel.turns.submit({
            ...{ session: of, clientId, origin: "owner", channel: null, sourceMessage: null, hold: null },
            prompt: { text, files: [] },
          }),
      }
      const call: Call = {
        ...{ kernel, say, place, session, page: 0, isConfirmed: false },
        labelOf: (provider) => providerLabel(kernel.ledger, provider),
        reply: ({ words, choices = [] }) =>
          answers.push({
            text: typeof words === "string" ? words : plain(words),
            choices: choices.flat().flatMap(offered),
          }),
      }
      const effect = chosen
        ? await runTapped(
            mustFind(chosen.command, context),
            actionOf({ of: chosen.command, ...chosen }),
            call,
          )
        : await runLine(line ?? "", call, context)
      return () => {
        effect()
        return { answers, shows: shown.now }
      }
    },
  }
}

function runLine(text: string, call: Call, context: ApiContext) {
  const line = parseLine(text)
  return runTyped(mustFind(line?.name ?? text, context), line?.rest ?? "", call)
}

function mustFind(name: string, { sayCommand: say }: ApiContext): Command {
  const command = findCommand(name)
  if (command) return command
  const message = say("help.unknown", { command: name })
  throw new ApiFault({
    ...{ code: "not_found", reason: "unknown_command", message },
    remedy: { kind: "correct", field: "line" },
  })
}

/** Only what a command of the table does can be chosen here. */
function offered({ label, does }: Choice): readonly CommandChoice[] {
  if (!("of" in does) || !findCommand(does.of)) return []
  const verb = does.verb === "confirmed" ? "confirmed" : "run"
  return [{ label, command: does.of, verb, args: does.args ?? {} }]
}
