import { accessSync, constants, type Stats, statSync } from "node:fs"
import path from "node:path"
import type { OpsSay } from "../core/texts/ops.ts"
import { errorCode, isMissing } from "../platform/system-error.ts"
import type { Finding } from "./finding.ts"

const id = "data_dir"

/** Whether the data directory is there or can be made, can be written to, and is the owner's alone. */
export function checkDataDirectory(dataDir: string, say: OpsSay): readonly Finding[] {
  let stats: Stats
  try {
    stats = statSync(dataDir)
  } catch (error) {
    return [isMissing(error) ? absent(dataDir, say) : notWritable(dataDir, errorCode(error), say)]
  }
  if (!stats.isDirectory()) {
    const what = say("data_dir.not_directory", { path: dataDir })
    return [{ id, state: "fail", what, remedy: say("data_dir.not_directory_remedy") }]
  }
  const denied = denial(dataDir)
  if (denied) return [notWritable(dataDir, denied, say)]
  const open = tooOpen(dataDir, stats, say)
  const files = ["ledger.db", "logs", "managed"].flatMap((name) => openFile(path.join(dataDir, name), say))
  const ok: Finding = { id, state: "ok", what: say("data_dir.ok", { path: dataDir }), remedy: null }
  return [open ?? ok, ...files]
}

function absent(dataDir: string, say: OpsSay): Finding {
  const detail = denial(nearestExisting(dataDir))
  if (detail === null) {
    const what = say("data_dir.missing", { path: dataDir })
    return { id, state: "warn", what, remedy: say("data_dir.missing_remedy") }
  }
  const what = say("data_dir.not_creatable", { path: dataDir, detail })
  return { id, state: "fail", what, remedy: say("data_dir.writable_remedy") }
}

function notWritable(dataDir: string, detail: string, say: OpsSay): Finding {
  const what = say("data_dir.not_writable", { path: dataDir, detail })
  return { id, state: "fail", what, remedy: say("data_dir.writable_remedy") }
}

function tooOpen(dataDir: string, stats: Stats, say: OpsSay): Finding | null {
  if (process.platform === "win32" || (stats.mode & 0o077) === 0) return null
  return {
    id,
    state: "warn",
    what: say("data_dir.open", { path: dataDir, mode: (stats.mode & 0o777).toString(8) }),
    remedy: say("data_dir.chmod", { mode: "700", path: dataDir }),
  }
}

function openFile(file: string, say: OpsSay): readonly Finding[] {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats || process.platform === "win32" || (stats.mode & 0o077) === 0) return []
  const wanted = stats.isDirectory() ? "700" : "600"
  return [
    {
      id: `${id}:${path.basename(file)}`,
      state: "warn",
      what: say("data_dir.file_open", { path: file, mode: (stats.mode & 0o777).toString(8) }),
      remedy: say("data_dir.chmod", { mode: wanted, path: file }),
    },
  ]
}

/** Why a directory cannot be written to; null when it can. */
function denial(directory: string): string | null {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return statSync(directory).isDirectory() ? null : "ENOTDIR"
  } catch (error) {
    return errorCode(error)
  }
}

function nearestExisting(target: string): string {
  const parent = path.dirname(target)
  return parent === target || statSync(parent, { throwIfNoEntry: false }) ? parent : nearestExisting(parent)
}
