import { type Command, command, usageOf } from "./command.ts"
import { bold, code, concat, join } from "./words.ts"

/** Made of the table itself, so that it cannot lie. */
export function helpFor(commands: () => readonly Command[]): Command {
  return command({
    name: "help",
    arguments: {},
    needs: [],
    prepare:
      ({ say, reply }) =>
      () => {
        const lines = commands().map((entry) =>
          concat(code(usageOf(entry)), ` — ${say(`command.${entry.name}`)}`),
        )
        reply({ words: join([bold(say("help.title")), join(lines, "\n"), say("help.plain")], "\n\n") })
      },
  })
}
