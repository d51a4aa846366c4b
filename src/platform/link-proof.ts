/**
 * Both ends of the local line show each other that they may read the data directory: by a key in it that only its owner
 * may read. A sandboxed agent may be able to connect to a socket of which it cannot see the directory.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { errorCode, isMissing } from "./system-error.ts"

export type Side = "runtime" | "host"

const KEY = /^[0-9a-f]{64}$/

/** The key of a data directory, made when there is none. @throws when it can be neither read nor made. */
export function linkKey(dataDir: string): string {
  const file = join(dataDir, "host.key")
  return readKey(file) ?? makeKey(file)
}

/** Two that make it at once end up with the same. */
function makeKey(file: string): string {
  const unfinished = `${file}.${process.pid}.part`
  rmSync(unfinished, { force: true })
  writeFileSync(unfinished, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" })
  try {
    linkSync(unfinished, file)
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error
  } finally {
    rmSync(unfinished, { force: true })
  }
  const made = readKey(file)
  if (made === null) throw new Error(`${file} does not hold a key; it may be deleted while nothing runs`)
  return made
}

function readKey(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8").trim()
    return KEY.test(text) ? text : null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

export function prove(key: string, side: Side, nonce: string): string {
  return createHmac("sha256", key).update(`${side}\n${nonce}`).digest("hex")
}

export function isProven(mac: string, key: string, side: Side, nonce: string): boolean {
  const [given, right] = [Buffer.from(mac), Buffer.from(prove(key, side, nonce))]
  return given.length === right.length && timingSafeEqual(given, right)
}
