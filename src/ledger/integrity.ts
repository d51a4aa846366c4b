/** SQLite's own check of a whole file, here or in a thread of its own. */
import { DatabaseSync } from "node:sqlite"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { ownProgram } from "../platform/installation.ts"

/** Findings of the check, at most twenty; empty when sound. Reads all of it: some 0.6 s per gigabyte, or the disk's pace. */
export function problemsIn(path: string): readonly string[] {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = db.prepare("PRAGMA quick_check(20)").all()
    return rows.map((row) => String(row.quick_check)).filter((finding) => finding !== "ok")
  } finally {
    db.close()
  }
}

/** The same without holding up anything else. Rejects as `problemsIn` throws. */
export function problemsInBackground(path: string): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
  const worker = new Worker(ownProgram("ledger/integrity"), { workerData: { checked: path } })
  worker.once("message", resolve)
  worker.once("error", reject)
  worker.once("exit", () => reject(new Error("the check of the ledger's copy ended without a word")))
  return promise
}

if (!isMainThread && isOurs(workerData)) parentPort?.postMessage(problemsIn(workerData.checked))

function isOurs(data: unknown): data is { readonly checked: string } {
  return typeof data === "object" && data !== null && "checked" in data && typeof data.checked === "string"
}
