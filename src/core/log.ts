/** A structured log. Secrets are redacted by the implementation, whatever is passed. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** Keeps a raw payload in the log only; returns the id under which it is found, which may be shown to the owner. */
  keep(what: string, payload: unknown): string
}
