/** Finds the program that a command line really runs, behind `sudo`, `env`, `timeout`, `bash -c` and the like. */
import { basename } from "node:path"
import type { SimpleCommand } from "./shell-command.ts"

export interface Unwrapped {
  /** Name without folder; empty when there is none. */
  readonly program: string
  readonly args: readonly string[]
  readonly isRoot: boolean
  /** A command line in an argument or on standard input, which the program will run. */
  readonly script: string | null
}

interface Wrapper {
  /** Options that take the next word. */
  readonly valued?: readonly string[]
  /** Words of its own before the command it runs. */
  readonly operands?: number
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: { valued: ["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "--user", "--group"] },
  doas: { valued: ["-u", "-C"] },
  pkexec: { valued: ["--user"] },
  env: { valued: ["-u", "-C", "--unset", "--chdir"] },
  nohup: {},
  time: {},
  command: {},
  builtin: {},
  exec: { valued: ["-a"] },
  setsid: {},
  caffeinate: { valued: ["-t"] },
  nice: { valued: ["-n"] },
  ionice: { valued: ["-c", "-n"] },
  stdbuf: { valued: ["-i", "-o", "-e"] },
  timeout: { valued: ["-k", "-s", "--signal", "--kill-after"], operands: 1 },
  watch: { valued: ["-n", "--interval"] },
  xargs: { valued: ["-I", "-n", "-P", "-d", "-L", "-s", "-a", "-E"] },
  parallel: { valued: ["-j", "--jobs"] },
  busybox: {},
  "!": {},
}

const ROOT: ReadonlySet<string> = new Set(["sudo", "doas", "pkexec", "su", "run0"])
/** Words of shell syntax that stand before a command. */
const SYNTAX: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "elif",
  "while",
  "until",
  "do",
  "{",
  "}",
  "fi",
  "done",
])

export const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "zsh", "dash", "ash", "ksh", "fish"])

export function unwrapCommand({ words, input }: SimpleCommand): Unwrapped {
  let rest = words
  let isRoot = false
  for (;;) {
    rest = withoutPrefix(rest)
    const program = basename(rest[0] ?? "")
    isRoot ||= ROOT.has(program)
    const wrapper = WRAPPERS[program]
    const inner = wrapper === undefined ? [] : innerWords(rest.slice(1), wrapper)
    if (inner.length === 0)
      return { program, args: rest.slice(1), isRoot, script: scriptOf(program, rest.slice(1), input) }
    // What these add comes from their input; a `$` says that it is unknown.
    rest = program === "xargs" || program === "parallel" ? [...inner, "$()"] : inner
  }
}

function withoutPrefix(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^\w+\+?=/.test(word) && !SYNTAX.has(word))
  return first === -1 ? [] : words.slice(first)
}

function innerWords(args: readonly string[], { valued = [], operands = 0 }: Wrapper): readonly string[] {
  let at = 0
  while (at < args.length && args[at]?.startsWith("-")) at += valued.includes(args[at] ?? "") ? 2 : 1
  return args.slice(at + operands)
}

function scriptOf(program: string, args: readonly string[], input: string): string | null {
  if (program === "eval") return args.join(" ")
  if (program === "ssh") return remoteCommand(args)
  if (program === "trap") return args[0] ?? null
  if (!SHELLS.has(program) && program !== "su") return null
  const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg) || arg === "--command")
  if (flag !== -1) return args[flag + 1] ?? null
  return input === "" ? null : input
}

function remoteCommand(args: readonly string[]): string | null {
  const words = innerWords(args, {
    valued: ["-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-m", "-w"],
  })
  return words.length > 1 ? words.slice(1).join(" ") : null
}
