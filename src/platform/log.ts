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
const MAX_KEPT_CHARACTERS = 256 * 1024

/** One JSON line an entry, with every secret taken out before it is written. */
export function createLog({ path, level, redact, newId }: LogOptions): Log {
  const file = new RotatingFile(path, MAX_FILE_BYTES)
  const logger = pino({ level, base: { pid: process.pid } }, file)
  const clean = (fields: object): object => redactDeep(fields, redact) as object
  return {
    debug: (fields, message) =>
      logger.isLevelEnabled("debug") && logger.debug(clean(fields), redact(message)),
    info: (fields, message) => logger.info(clean(fields), redact(message)),
    warn: (fields, message) => logger.warn(clean(fields), redact(message)),
    error: (fields, message) => logger.error(clean(fields), redact(message)),
    keep(what, payload) {
      const id = newId().slice(0, 8)
      logger.warn({ keptAs: id, payload: bounded(clean({ payload })) }, redact(what))
      return id
    },
  }
}

function bounded(payload: object): unknown {
  const text = JSON.stringify(payload)
  return text.length > MAX_KEPT_CHARACTERS ? `${text.slice(0, MAX_KEPT_CHARACTERS)}…` : payload
}
