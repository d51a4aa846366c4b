/** `ENOENT`, `EACCES` …; the name of the error where the system gave no code. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return "code" in error && typeof error.code === "string" ? error.code : error.name
}

/** Whether the error says that a file or directory does not exist. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT"
}
