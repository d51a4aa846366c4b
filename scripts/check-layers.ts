/** Checks the directions of imports and the shape of files (see `layers.ts`). Exit code 1 when one is wrong. */
import { globSync, readFileSync } from "node:fs"
import path from "node:path"
import { styleText } from "node:util"
import { checkLayers } from "./layers.ts"

const root = path.dirname(import.meta.dirname)
const patterns = ["src/**/*.ts", "app/**/*.{ts,tsx}", "test/**/*.ts", "bench/**/*.ts", "scripts/**/*.ts"]
const ignored = /(^|\/)(node_modules|dist)\/|^test\/agents\/(?!install)/

const files = globSync(patterns, { cwd: root })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => !ignored.test(file))
  .map((file) => ({ path: file, text: readFileSync(path.join(root, file), "utf8") }))

const faults = checkLayers(files)
for (const { severity, file, line, message } of faults) {
  const mark = severity === "error" ? styleText("red", "error") : styleText("yellow", "warning")
  console.log(`${mark} ${file}:${line}  ${message}`)
}
const errors = faults.filter(({ severity }) => severity === "error").length
const warnings = faults.length - errors
console.log(`${files.length} files: ${errors} errors, ${warnings} warnings`)
process.exitCode = errors > 0 ? 1 : 0
