import { type Command, CommanderError } from "commander"
import { nearest } from "../core/nearest.ts"
import type { CliContext } from "./context.ts"

/** The command line cannot be understood; `lines` say why, in the owner's language. */
export class UsageError extends Error {
  override readonly name = "UsageError"
  readonly lines: readonly string[]

  constructor(lines: readonly string[], options?: { cause?: unknown }) {
    super(lines.join(" "), options)
    this.lines = lines
  }
}

/** Commander's complaint in our words; null when it is none (help or version was asked for). */
export function usageError(
  error: CommanderError,
  program: Command,
  say: CliContext["say"],
): UsageError | null {
  const name = /'([^']+)'/.exec(error.message)?.[1] ?? ""
  const lines = (first: string, close?: string | null) =>
    new UsageError([first, ...(close ? [say("usage.nearest", { name: close })] : [])], { cause: error })
  switch (error.code) {
    case "commander.helpDisplayed":
    case "commander.help":
    case "commander.version":
      return null
    case "commander.unknownOption":
      return lines(say("usage.unknown_option", { name }), nearest(name, optionNames(program)))
    case "commander.missingArgument":
      return lines(say("usage.missing_argument", { name }))
    case "commander.optionMissingArgument":
      return lines(say("usage.missing_value", { name }))
    case "commander.excessArguments":
      return lines(say("usage.excess"))
    default:
      return lines(error.message)
  }
}

export function unknownCommand(name: string, program: Command, say: CliContext["say"]): UsageError {
  const known = program.commands.map((command) => command.name())
  const close = nearest(name, known)
  return new UsageError([
    say("usage.unknown_command", { name }),
    close ? say("usage.nearest", { name: close }) : say("usage.help"),
  ])
}

function optionNames(program: Command): readonly string[] {
  const all = [program, ...program.commands].flatMap((command) => command.options)
  return all.flatMap((option) => (option.long ? [option.long] : []))
}

export function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof CommanderError
}
