import { pino } from "pino"
import type { Log } from "../core/log.ts"
import { type Redactor, redactDeep } from "../core/redact.ts"
import { RotatingFile } from "./rotating-file.ts"

export interface LogOptions {
  readonly path: string
  readonly level: "debug" | "info" | "warn" | "error"
  readonly redact: Redactor
  readonly newId: () => string
}

const MAX_FILE_BYTES = 16 * 1024 * 1024
/** UTF-16 units of an entry's own words. */
const MAX_MESSAGE = 8 * 1024

/** One JSON line an entry, with every secret taken out before it is written. */
export function createLog({ path, level, redact, newId }: LogOptions): Log {
  const file = new RotatingFile(path, MAX_FILE_BYTES)
  const logger = pino({ level, base: { pid: process.pid } }, file)
  const clean = (fields: object): object => redactDeep(fields, redact) as object
  const word = (message: string): string => redact(message.slice(0, MAX_MESSAGE))
  return {
    debug: (fields, message) => logger.isLevelEnabled("debug") && logger.debug(clean(fields), word(message)),
    info: (fields, message) => logger.info(clean(fields), word(message)),
    warn: (fields, message) => logger.warn(clean(fields), word(message)),
    error: (fields, message) => logger.error(clean(fields), word(message)),
    keep(what, payload) {
      const id = newId().slice(0, 8)
      logger.warn({ keptAs: id, ...clean({ payload }) }, word(what))
      return id
    },
  }
}
