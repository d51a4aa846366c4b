/** What a script can rely on. */
export const exitCode = {
  ok: 0,
  failed: 1,
  badUsage: 2,
  notRunning: 3,
} as const
