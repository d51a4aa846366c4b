/**
 * Commands where no shell grammar looks for them: in the arguments of programs that run others, in assignments, in code.
 * A guess in favour of saying more; programs whose arguments are only text are left out.
 */
import { SHELLS } from "./unwrap-command.ts"

/** Their arguments are text, patterns or names of packages. */
const TEXT: ReadonlySet<string> = new Set([
  ...[
    "echo",
    "printf",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ag",
    "ack",
    "cd",
    "which",
    "type",
    "whatis",
    "apropos",
    "tldr",
    "help",
  ],
  ...[
    "cat",
    "ls",
    "mkdir",
    "touch",
    "test",
    "[",
    "[[",
    "export",
    "rm",
    "kill",
    "pkill",
    "killall",
    "read",
    "history",
    "hash",
  ],
])

/** A program that does harm by its name, where a command could begin, with something after it. */
const BEGINNING =
  /(?:^|[\s;|&!"'`({=:,])((?:sudo|doas|rm|rmdir|unlink|shred|dd|mkfs[.\w]*|chmod|chown|curl|wget|ba?sh|zsh|nc|kill|killall|pkill|shutdown|reboot|mv|tee)\s+["']?[-~/.$\w])/

/** What may be run besides the command itself, as command lines. */
export function embeddedCommands(program: string, args: readonly string[]): readonly string[] {
  if (TEXT.has(program) || SHELLS.has(program) || isMessage(program, args)) return []
  return args.flatMap((arg) => {
    const found = /\s/.test(arg) ? BEGINNING.exec(arg) : null
    return found === null ? [] : [arg.slice(found.index + found[0].length - (found[1]?.length ?? 0))]
  })
}

/** `git commit -m "rm the old path"` runs nothing. */
function isMessage(program: string, args: readonly string[]): boolean {
  const said = program === "git" || program === "gh" || program === "hg"
  return (
    said &&
    args.some((arg) => /^(?:-m|-am|--message(?:=.*)?|--body(?:=.*)?|--title(?:=.*)?|-[a-z]*m)$/.test(arg))
  )
}

/** Where a program that is not known takes its first harmful word for a command: `mywrapper --fast rm -rf ~`. */
export function wrappedCommand(args: readonly string[]): readonly string[] | null {
  const at = args.findIndex((arg, index) => {
    const name = arg.slice(arg.lastIndexOf("/") + 1)
    return index + 1 < args.length && HARMFUL.test(name)
  })
  return at === -1 ? null : args.slice(at)
}

const HARMFUL =
  /^(?:sudo|doas|rm|shred|dd|mkfs[.\w]*|chmod|chown|curl|wget|(?:ba|z|da|k)?sh|nc|kill|pkill|killall|shutdown|reboot)$/

/** Code of a scripting language that deletes what is outside, as far as its words tell. */
export function deletesInCode(code: string): boolean {
  const deletes =
    /\b(?:rmtree|rmSync|rmdirSync|unlinkSync|rm_rf|remove_tree|removedirs|rimraf|os\.remove|fs\.rm|unlink)\b/.test(
      code,
    )
  return deletes && /expanduser|homedir|HOME|["'`(\s](?:~|\/(?!tmp\b))/.test(code)
}

/** Variables that make a program load or run something else. */
const TELLING_VARIABLE =
  /^(?:LD_\w+|DYLD_\w+|PATH|NODE_OPTIONS|NODE_PATH|BASH_ENV|ENV|PROMPT_COMMAND|SHELLOPTS|IFS|GIT_(?:SSH(?:_COMMAND)?|EXTERNAL_DIFF|PAGER|EDITOR|SEQUENCE_EDITOR|ASKPASS|PROXY_COMMAND|CONFIG\w*|EXEC_PATH|TEMPLATE_DIR)|SSH_ASKPASS|PAGER|MANPAGER|LESSOPEN|LESSCLOSE|EDITOR|VISUAL|BROWSER|PYTHON(?:PATH|STARTUP|HOME|WARNINGS)|PERL5(?:OPT|LIB|DB)|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|RUSTC_WRAPPER|CARGO_\w*RUNNER|CC|CXX|npm_config_\w+|ZDOTDIR)$/

export interface Assignment {
  readonly name: string
  readonly value: string
}

/** The assignments that words begin with, also behind `env` and `export`. */
export function assignmentsIn(words: readonly string[]): readonly Assignment[] {
  const found: Assignment[] = []
  for (const word of words) {
    const match = /^(\w{1,100})\+?=([\s\S]*)$/.exec(word)
    if (match !== null) found.push({ name: match[1] ?? "", value: match[2] ?? "" })
    else if (!/^(?:env|export|sudo|-\w+|declare|local|readonly)$/.test(word)) break
  }
  return found
}

export function changesPrograms({ name }: Assignment): boolean {
  return TELLING_VARIABLE.test(name)
}

/** `{rm,-rf,~}` is three words. Only words without blanks, of which most braces are the shell's. */
export function expandedBraces(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => {
    const match = /^([^{}\s]{0,100})\{([^{}\s$]{1,500}),([^{}\s$]{0,500})\}([^{}\s]{0,100})$/.exec(word)
    if (match === null) return [word]
    const [, before = "", first = "", rest = "", after = ""] = match
    return `${first},${rest}`.split(",").map((part) => before + part + after)
  })
}
