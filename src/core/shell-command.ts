/** Reads a shell command line far enough to judge it: its simple commands, wherever they hide. Runs nothing. */

export interface Redirect {
  readonly operator: string
  readonly target: string
}

export interface SimpleCommand {
  /** Without quotes; variables and globs as written. */
  readonly words: readonly string[]
  readonly redirects: readonly Redirect[]
  /** Gets the output of the command before it. */
  readonly isPiped: boolean
  /** Text given on standard input by a here-document or here-string. */
  readonly input: string
}

export interface ShellCommand {
  /** In the order of the text; those inside `$(…)`, `(…)` and backticks included, before the command they are part of. */
  readonly commands: readonly SimpleCommand[]
  /** Quotes or brackets do not match: what was read may not be what a shell would run. */
  readonly isBroken: boolean
}

export function readShell(source: string): ShellCommand {
  return readNested(source, 0)
}

/** Deeper than anyone writes; a text made of brackets must not exhaust the stack. */
const DEEPEST = 20

function readNested(source: string, depth: number): ShellCommand {
  const reader = new Reader(source, depth)
  reader.readAll()
  return { commands: reader.commands, isBroken: reader.isBroken }
}

interface Draft {
  words: string[]
  redirects: Redirect[]
  isPiped: boolean
  input: string
}

/** One pass over the text; every field is the state of that pass. */
class Reader {
  readonly commands: SimpleCommand[] = []
  isBroken = false
  readonly #source: string
  readonly #depth: number
  #at = 0
  #command: Draft = emptyDraft(false)
  /** The word being read; null between words, so that `''` counts as a word. */
  #word: string | null = null
  #redirect: string | null = null
  #hereEnds: { readonly end: string; readonly command: Draft }[] = []

  constructor(source: string, depth: number) {
    this.#source = source
    this.#depth = depth
  }

  readAll(): void {
    while (this.#at < this.#source.length) this.#step()
    this.#endCommand(false)
    if (this.#hereEnds.length > 0) this.isBroken = true
  }

  #step(): void {
    const char = this.#source.charAt(this.#at)
    switch (char) {
      case "\\":
        if (this.#source[this.#at + 1] !== "\n") this.#append(this.#source.charAt(this.#at + 1))
        this.#at += 2
        return
      case "'":
        return this.#readQuoted()
      case '"':
        return this.#readDoubleQuoted()
      case "`":
        return this.#readNested("`")
      case "#":
        if (this.#word !== null) return this.#take(char)
        this.#at = this.#until("\n")
        return
      case "\n":
        this.#at += 1
        this.#endCommand(false)
        return this.#readHereDocuments()
      case " ":
      case "\t":
        this.#at += 1
        return this.#endWord()
      case ";":
      case "&":
      case "|":
        return this.#readSeparator()
      case "<":
      case ">":
        return this.#readRedirect()
      case "(":
      case ")":
        this.#at += 1
        return this.#endCommand(false)
      case "$":
        return this.#readDollar()
      default:
        return this.#take(char)
    }
  }

  #take(char: string): void {
    this.#append(char)
    this.#at += 1
  }

  #append(text: string): void {
    this.#word = (this.#word ?? "") + text
  }

  #until(end: string): number {
    const found = this.#source.indexOf(end, this.#at)
    return found === -1 ? this.#source.length : found
  }

  #readQuoted(): void {
    this.#at += 1
    const end = this.#until("'")
    if (end === this.#source.length) this.isBroken = true
    this.#append(this.#source.slice(this.#at, end))
    this.#at = end + 1
  }

  /** `$'\\162m'` is `rm`. */
  #readAnsiQuoted(): void {
    const start = this.#at + 1
    let end = start
    while (end < this.#source.length && this.#source[end] !== "'") end += this.#source[end] === "\\" ? 2 : 1
    if (end >= this.#source.length) this.isBroken = true
    this.#append(unescaped(this.#source.slice(start, end)))
    this.#at = end + 1
  }

  #readDoubleQuoted(): void {
    this.#append("")
    this.#at += 1
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at)
      if (char === '"') {
        this.#at += 1
        return
      }
      if (char === "\\") {
        this.#append(this.#source.charAt(this.#at + 1))
        this.#at += 2
      } else if (char === "$") this.#readDollar()
      else if (char === "`") this.#readNested("`")
      else this.#take(char)
    }
    this.isBroken = true
  }

  #readDollar(): void {
    if (this.#source.startsWith("$(", this.#at)) {
      this.#at += 1
      this.#readNested(")")
    } else if (this.#source.startsWith("$'", this.#at)) {
      this.#at += 1
      this.#readAnsiQuoted()
    } else this.#take("$")
  }

  /** A command inside a word; its result is unknown, so the word holds a `$`. */
  #readNested(end: ")" | "`"): void {
    const start = this.#at + 1
    const close = end === "`" ? this.#source.indexOf("`", start) : closingBracket(this.#source, start)
    if (close === -1 || this.#depth === DEEPEST) this.isBroken = true
    const text = this.#depth === DEEPEST ? "" : this.#source.slice(start, close === -1 ? undefined : close)
    const inner = readNested(text, this.#depth + 1)
    this.commands.push(...inner.commands)
    if (inner.isBroken) this.isBroken = true
    this.#append("$()")
    this.#at = close === -1 ? this.#source.length : close + 1
  }

  #readSeparator(): void {
    const operator =
      /^(?:\|\||&&|\|&|;;|&>>?|[;&|])/.exec(this.#source.slice(this.#at, this.#at + 3))?.[0] ?? ";"
    this.#at += operator.length
    if (operator.startsWith("&>")) {
      this.#endWord()
      this.#redirect = operator
    } else this.#endCommand(operator === "|" || operator === "|&")
  }

  #readRedirect(): void {
    if (/^[<>]\(/.test(this.#source.slice(this.#at, this.#at + 2))) {
      this.#at += 1
      return this.#readNested(")")
    }
    const operator =
      /^(?:<<<|<<-?|<>|<&|>>|>&|>\||[<>])/.exec(this.#source.slice(this.#at, this.#at + 3))?.[0] ?? ">"
    if (this.#word !== null && /^\d+$/.test(this.#word)) this.#word = null
    this.#endWord()
    this.#redirect = operator
    this.#at += operator.length
  }

  #endWord(): void {
    const word = this.#word
    if (word === null) return
    this.#word = null
    const operator = this.#redirect
    this.#redirect = null
    if (operator === null) this.#command.words.push(word)
    else if (operator === "<<<") this.#command.input += word
    else if (operator.startsWith("<<")) this.#hereEnds.push({ end: word, command: this.#command })
    else this.#command.redirects.push({ operator, target: word })
  }

  #endCommand(isPipe: boolean): void {
    this.#endWord()
    // The draft itself is kept: a here-document below the line still adds its text.
    if (this.#command.words.length > 0 || this.#command.redirects.length > 0)
      this.commands.push(this.#command)
    this.#command = emptyDraft(isPipe)
  }

  #readHereDocuments(): void {
    for (const { end, command } of this.#hereEnds) {
      const rest = this.#source.slice(this.#at)
      const lines = rest.split("\n")
      const last = lines.findIndex((line) => line.trim() === end)
      if (last === -1) this.isBroken = true
      const body = lines.slice(0, last === -1 ? lines.length : last)
      const text = body.join("\n")
      command.input += text
      // Even in quotes: the reader no longer knows whether the end was quoted, and says rather too much.
      if (/\$\(|`/.test(text) && this.#depth < DEEPEST)
        this.commands.push(...substitutionsIn(text, this.#depth + 1))
      this.#at += last === -1 ? rest.length : [...body, lines[last] ?? ""].join("\n").length + 1
    }
    this.#hereEnds = []
  }
}

/** The commands in a text of which only substitutions are run. */
function substitutionsIn(text: string, depth: number): readonly SimpleCommand[] {
  return readNested(`: "${text.replaceAll('"', "")}"`, depth).commands.filter(({ words }) => words[0] !== ":")
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))/gs,
    (_, hex, unicode, octal, char) => {
      if (hex ?? unicode) return String.fromCharCode(Number.parseInt(hex ?? unicode, 16))
      if (octal) return String.fromCharCode(Number.parseInt(octal, 8))
      return { n: "\n", t: "\t", r: "\r", e: "\u001b" }[char as string] ?? (char as string)
    },
  )
}

function emptyDraft(isPiped: boolean): Draft {
  return { words: [], redirects: [], isPiped, input: "" }
}

/** Where the bracket opened before `start` closes, quotes respected; -1 when it does not. */
function closingBracket(source: string, start: number): number {
  let depth = 1
  for (const match of source.slice(start).matchAll(/\\.|'[^']*'|"(?:\\.|[^"\\])*"|[()]/gs)) {
    if (match[0] === "(") depth += 1
    if (match[0] === ")") depth -= 1
    if (depth === 0) return start + match.index
  }
  return -1
}
