import { type StatsFs, statfsSync } from "node:fs"
import path from "node:path"
import type { OpsSay } from "../core/texts/ops.ts"
import { errorCode, isMissing } from "../platform/system-error.ts"
import type { Finding } from "./finding.ts"

const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3

/** Bytes that this user can still write on the disk that holds the path or will hold it. */
function freeBytes(target: string): number {
  const stats = statfsOfExisting(target)
  return stats.bavail * stats.bsize
}

/** Below this the ledger may soon be unable to commit. */
const leastFreeBytes = 200 * mebibyte

export function checkDisk(dataDir: string, say: OpsSay): Finding {
  let free: number
  try {
    free = freeBytes(dataDir)
  } catch (error) {
    return {
      id: "disk",
      state: "warn",
      what: say("disk.unknown", { detail: errorCode(error) }),
      remedy: null,
    }
  }
  const size = { free: showBytes(free) }
  if (free < leastFreeBytes) {
    return { id: "disk", state: "fail", what: say("disk.full", size), remedy: say("disk.remedy") }
  }
  if (free < gibibyte)
    return { id: "disk", state: "warn", what: say("disk.low", size), remedy: say("disk.remedy") }
  return { id: "disk", state: "ok", what: say("disk.ok", size), remedy: null }
}

/** A size as people read it: 1.5 GiB. */
function showBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

function statfsOfExisting(target: string): StatsFs {
  try {
    return statfsSync(target)
  } catch (error) {
    const parent = path.dirname(target)
    if (!isMissing(error) || parent === target) throw error
    return statfsOfExisting(parent)
  }
}
