import { bold, code, concat, join } from "../rendering/rich.ts"
import type { Call, Command } from "./command.ts"

/** Made of the table itself, so that it cannot lie. */
export function helpFor(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    usage: "",
    prepare: (call) => () => {
      const lines = commands().map((command) => line(call, command))
      call.reply(join([bold(call.say("help.title")), join(lines, "\n"), call.say("help.plain")], "\n\n"))
    },
  }
}

function line(call: Call, { name, usage }: Command) {
  return concat(code(usage === "" ? `/${name}` : `/${name} ${usage}`), ` — ${call.say(`command.${name}`)}`)
}
