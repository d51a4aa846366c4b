/** Histories in which something was found once. They are played again at every test, whatever they have become since. */
export const recorded: readonly { readonly seed: number; readonly bots: number }[] = [
  ...[2, 4, 8, 9, 10, 11, 13, 15, 18, 25, 1026].map((seed) => ({ seed, bots: 1 })),
  ...[105, 112, 118, 128, 20034, 50040].map((seed) => ({ seed, bots: 2 })),
]
