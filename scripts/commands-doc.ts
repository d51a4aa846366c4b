/** The reference of all commands, made of the table that the program uses. */
import { commandText } from "../src/core/texts/command.ts"
import { type Command, type Need, usageOf } from "../src/runtime/commands/command.ts"
import { commands } from "../src/runtime/commands/table.ts"

const NEEDS: Readonly<Record<Need, string>> = {
  session: "a session",
  machine: "the agents' host",
  hand: "the owner's own hand",
}

export function commandsDoc(): string {
  const lines = [
    "# Commands",
    "",
    "Written by `npm run commands`; the table is in `src/runtime/commands/table.ts`.",
    "",
    "| command | what it is for | 하는 일 | needs |",
    "|---|---|---|---|",
    ...commands.map(row),
    "",
    "A command that lets you choose offers buttons when it is sent without a choice. A session is the one that you reply to, else the",
    "one that the chat shows. A text that begins with `/` and is no command goes to the agent when it is a path on the machine, or",
    "one of the agent's own commands.",
    "",
  ]
  return lines.join("\n")
}

function row(command: Command): string {
  const others = command.aliases.map((alias) => `, \`/${alias}\``).join("")
  const cells = [
    `\`${usageOf(command).replaceAll("|", "\\|")}\`${others}`,
    commandText("en")(`command.${command.name}`),
    commandText("ko")(`command.${command.name}`),
    command.needs.map((need) => NEEDS[need]).join(", ") || "–",
  ]
  return `| ${cells.join(" | ")} |`
}
