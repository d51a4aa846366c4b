/** Options among the words of a command. */

export type Args = readonly string[]

/** `-rf` has `r`. */
export function hasShort(args: Args, letters: string): boolean {
  return args.some(
    (arg) =>
      /^-[a-zA-Z]+/.test(arg) && !arg.startsWith("--") && [...letters].some((letter) => arg.includes(letter)),
  )
}

export function has(args: Args, ...words: readonly string[]): boolean {
  return args.some(
    (arg) => words.includes(arg) || words.some((word) => word.startsWith("--") && arg.startsWith(`${word}=`)),
  )
}

export function valuesOf(args: Args, options: readonly string[]): readonly string[] {
  return args.flatMap((arg, index) => {
    const next = args[index + 1]
    if (options.includes(arg) && next !== undefined) return [next]
    const joined = options.find((option) => option.startsWith("--") && arg.startsWith(`${option}=`))
    return joined === undefined ? [] : [arg.slice(joined.length + 1)]
  })
}
