/** Finds the program that a command line really runs, behind `sudo`, `env`, `timeout`, `bash -c` and the like. */
import { basename } from "node:path"
import type { SimpleCommand } from "./shell-command.ts"

export interface Unwrapped {
  /** Name without folder; empty when there is none. */
  readonly program: string
  /** As it was written. */
  readonly path: string
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
  env: { valued: ["-u", "-C", "-S", "--unset", "--chdir", "--split-string"] },
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
  function: { operands: 1 },
  coproc: {},
  strace: { valued: ["-e", "-o", "-p", "-s", "-u"] },
  ltrace: { valued: ["-e", "-o", "-p"] },
  flock: { valued: ["-w", "-E"], operands: 1 },
  taskset: { valued: ["-p"], operands: 1 },
  chrt: { operands: 1 },
  "systemd-run": { valued: ["-p", "-u", "-M", "--unit", "--property"] },
  proxychains: { valued: ["-f"] },
  proxychains4: { valued: ["-f"] },
  torsocks: {},
  unbuffer: {},
  rlwrap: {},
  fakeroot: {},
  firejail: {},
  setarch: { operands: 1 },
  numactl: { valued: ["-N", "-m", "-C"] },
  prlimit: {},
  "xvfb-run": { valued: ["-s", "-e", "-f"] },
  "dbus-run-session": {},
  sshpass: { valued: ["-p", "-f"] },
  "!": {},
}

export function isWrapper(program: string): boolean {
  return Object.hasOwn(WRAPPERS, program)
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

/** Nobody wraps more often; a text made of wrappers must not hold the process up. */
const DEEPEST = 30

export function unwrapCommand({ words, input }: SimpleCommand): Unwrapped {
  let rest = words
  let isRoot = false
  for (let depth = 0; ; depth++) {
    rest = withoutPrefix(rest)
    const program = basename(rest[0] ?? "")
    isRoot ||= ROOT.has(program)
    const wrapper = depth < DEEPEST ? WRAPPERS[program] : undefined
    const inner = wrapper === undefined ? [] : innerWords(rest.slice(1), wrapper)
    if (inner.length === 0)
      return {
        ...{ program, path: rest[0] ?? "", args: rest.slice(1), isRoot },
        script: scriptOf(program, rest.slice(1), input),
      }
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
  if (program === "trap") return args.find((arg) => arg !== "--") ?? null
  if (program === "env") return valueAfter(args, /^(?:-S|--split-string)$/)
  if (program === "at" || program === "batch") return input === "" ? null : input
  if (!SHELLS.has(program) && program !== "su") return null
  const flag = args.findIndex((arg) => /^-[a-z]*c$/.test(arg) || arg === "--command")
  if (flag !== -1) return args[flag + 1] ?? null
  return input === "" ? null : input
}

function valueAfter(args: readonly string[], option: RegExp): string | null {
  const at = args.findIndex((arg) => option.test(arg))
  return at === -1 ? null : (args[at + 1] ?? null)
}

function remoteCommand(args: readonly string[]): string | null {
  const words = innerWords(args, {
    valued: ["-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-m", "-w"],
  })
  return words.length > 1 ? words.slice(1).join(" ") : null
}
